// SPDX-License-Identifier: MIT
/*
 * What a file's owner may change about it: permissions, owner, times. inode->lock guards them. Called
 * by the system calls of core/sys_attr.c. Permissions stop nobody, but only user 0 and the owner
 * change them.
 */
#include <abi/errno.h>
#include <core/process.h>
#include "inode.h"

#define KEEP UINT32_MAX

/* Begins a change of i, which inode_changed() ends: -errno if the app may not make it. */
static int change(struct inode *i, bool anybody)
{
	if (i->read_only)
		return -EROFS;
	spin_lock(&i->lock);
	if (anybody || process_privileged() || process_file_user() == i->uid)
		return 0;
	spin_unlock(&i->lock);
	return -EPERM;
}

static int changed(struct inode *i)
{
	i->ctime = (int64_t)time_realtime();
	spin_unlock(&i->lock);
	return 0;
}

int inode_chmod(struct inode *i, uint32_t mode)
{
	int r = change(i, false);

	if (r)
		return r;
	if (inode_is(i, S_IFREG) && inode_sealed(i, F_SEAL_EXEC) && (mode ^ i->mode) & 0111) {
		spin_unlock(&i->lock);
		return -EPERM;
	}
	i->mode = (i->mode & S_IFMT) | (mode & 07777);
	return changed(i);
}

int inode_chown(struct inode *i, uint32_t uid, uint32_t gid)
{
	int r = change(i, uid == KEEP && gid == KEEP);

	if (r)
		return r;
	/* An owner without privilege gives nothing away, but to a group of his. */
	if (!process_privileged() &&
	    ((uid != KEEP && uid != i->uid) ||
	     (gid != KEEP && gid != i->gid && gid != process_file_group()))) {
		spin_unlock(&i->lock);
		return -EPERM;
	}
	if (uid != KEEP)
		i->uid = uid;
	if (gid != KEEP)
		i->gid = gid;
	/* Nobody gets a program that runs as somebody else by a change of hands. */
	if (!inode_is(i, S_IFDIR))
		i->mode &= ~(04000u | (i->mode & 010 ? 02000u : 0));
	return changed(i);
}

int inode_set_times(struct inode *i, const int64_t *atime, const int64_t *mtime, bool now)
{
	int r = change(i, now || (!atime && !mtime));

	if (r)
		return r;
	if (atime)
		i->atime = *atime;
	if (mtime)
		i->mtime = *mtime;
	return changed(i);
}

int inode_descriptor(const struct inode *i)
{
	return inode_is_magic(i) ? i->fd : -1;
}

uint32_t inode_mode(const struct inode *i)
{
	return READ_ONCE(i->mode);
}

int64_t inode_birth(const struct inode *i)
{
	return i->btime;
}
