// SPDX-License-Identifier: MIT
/*
 * The app's user and group ids. It starts as root and may become somebody else for good, as servers
 * do once they have what only root gets; the rules are Linux's, with user 0 for its capabilities.
 * There are no users besides: no file asks who opens it. What an id decides is whether ids may change
 * at will and whether I/O ports may be had (process_privileged()).
 *
 * Lock: ids_lock guards ids; a leaf, never held over an access to the app's memory.
 */
#include <abi/errno.h>
#include <core/process.h>
#include <core/spinlock.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#define KEEP	   UINT32_MAX /* an argument that leaves its id as it is */
#define GROUPS_MAX 32

struct triple {
	uint32_t real, effective, saved;
};

static struct {
	struct triple user, group;
	uint32_t file_user, file_group; /* follow the effective ones */
	uint32_t groups[GROUPS_MAX];
	unsigned group_count;
} ids;
static struct spinlock ids_lock = SPINLOCK_INIT;

bool process_privileged(void)
{
	return READ_ONCE(ids.user.effective) == 0;
}

uint32_t process_user(void)
{
	return READ_ONCE(ids.user.real);
}

uint32_t process_file_user(void)
{
	return READ_ONCE(ids.file_user);
}

uint32_t process_file_group(void)
{
	return READ_ONCE(ids.file_group);
}

long sys_getuid(void)
{
	return READ_ONCE(ids.user.real);
}

long sys_geteuid(void)
{
	return READ_ONCE(ids.user.effective);
}

long sys_getgid(void)
{
	return READ_ONCE(ids.group.real);
}

long sys_getegid(void)
{
	return READ_ONCE(ids.group.effective);
}

void process_ids(bool group, uint32_t id[4])
{
	const struct triple *t = group ? &ids.group : &ids.user;

	spin_lock(&ids_lock);
	id[0] = t->real;
	id[1] = t->effective;
	id[2] = t->saved;
	id[3] = group ? ids.file_group : ids.file_user;
	spin_unlock(&ids_lock);
}

static bool has(const struct triple *t, uint32_t id)
{
	return id == KEEP || id == t->real || id == t->effective || id == t->saved;
}

static void set(uint32_t *id, uint32_t to)
{
	if (to != KEEP)
		WRITE_ONCE(*id, to);
}

/* Files follow the effective id; ids_lock held. */
static void set_effective(struct triple *t, uint32_t to)
{
	set(&t->effective, to);
	set(t == &ids.user ? &ids.file_user : &ids.file_group, t->effective);
}

/* setresuid(2), setresgid(2): without privilege only ids that are there already. */
static long set_three(struct triple *t, uint32_t real, uint32_t effective, uint32_t saved)
{
	long err = 0;

	spin_lock(&ids_lock);
	if (process_privileged() || (has(t, real) && has(t, effective) && has(t, saved))) {
		set(&t->real, real);
		set(&t->saved, saved);
		set_effective(t, effective);
	} else {
		err = -EPERM;
	}
	spin_unlock(&ids_lock);
	return err;
}

/* setreuid(2), setregid(2): the saved id follows unless nothing but the effective one falls back. */
static long set_two(struct triple *t, uint32_t real, uint32_t effective)
{
	bool may;

	spin_lock(&ids_lock);
	may = process_privileged() ||
	      ((real == KEEP || real == t->real || real == t->effective) && has(t, effective));
	if (may) {
		bool follows = real != KEEP || (effective != KEEP && effective != t->real);

		set(&t->real, real);
		if (follows)
			set(&t->saved, effective != KEEP ? effective : t->effective);
		set_effective(t, effective);
	}
	spin_unlock(&ids_lock);
	return may ? 0 : -EPERM;
}

/* setuid(2), setgid(2): all three with privilege, else back to the real or the saved one. */
static long set_one(struct triple *t, uint32_t id)
{
	long err = 0;

	if (id == KEEP)
		return -EINVAL;
	spin_lock(&ids_lock);
	if (process_privileged()) {
		set(&t->real, id);
		set(&t->saved, id);
		set_effective(t, id);
	} else if (id == t->real || id == t->saved) {
		set_effective(t, id);
	} else {
		err = -EPERM;
	}
	spin_unlock(&ids_lock);
	return err;
}

long sys_setuid(uint32_t id)
{
	return set_one(&ids.user, id);
}

long sys_setgid(uint32_t id)
{
	return set_one(&ids.group, id);
}

long sys_setreuid(uint32_t real, uint32_t effective)
{
	return set_two(&ids.user, real, effective);
}

long sys_setregid(uint32_t real, uint32_t effective)
{
	return set_two(&ids.group, real, effective);
}

long sys_setresuid(uint32_t real, uint32_t effective, uint32_t saved)
{
	return set_three(&ids.user, real, effective, saved);
}

long sys_setresgid(uint32_t real, uint32_t effective, uint32_t saved)
{
	return set_three(&ids.group, real, effective, saved);
}

/* setfsuid(2), setfsgid(2): what it was, whether it could be changed or not. */
static long set_file_id(struct triple *t, uint32_t *file_id, uint32_t id)
{
	uint32_t old;

	spin_lock(&ids_lock);
	old = *file_id;
	if (id != KEEP && (process_privileged() || has(t, id)))
		set(file_id, id);
	spin_unlock(&ids_lock);
	return old;
}

long sys_setfsuid(uint32_t id)
{
	return set_file_id(&ids.user, &ids.file_user, id);
}

long sys_setfsgid(uint32_t id)
{
	return set_file_id(&ids.group, &ids.file_group, id);
}

static long tell(const struct triple *t, void __user *real, void __user *effective,
		 void __user *saved)
{
	struct triple now;

	spin_lock(&ids_lock);
	now = *t;
	spin_unlock(&ids_lock);
	if (copy_to_user(real, &now.real, sizeof(now.real)) ||
	    copy_to_user(effective, &now.effective, sizeof(now.effective)) ||
	    copy_to_user(saved, &now.saved, sizeof(now.saved)))
		return -EFAULT;
	return 0;
}

long sys_getresuid(void __user *real, void __user *effective, void __user *saved)
{
	return tell(&ids.user, real, effective, saved);
}

long sys_getresgid(void __user *real, void __user *effective, void __user *saved)
{
	return tell(&ids.group, real, effective, saved);
}

/* Room for none asks how many there are. */
long sys_getgroups(int room, void __user *list)
{
	uint32_t groups[GROUPS_MAX];
	unsigned n;

	spin_lock(&ids_lock);
	n = ids.group_count;
	memcpy(groups, ids.groups, sizeof(groups));
	spin_unlock(&ids_lock);
	if (room == 0)
		return n;
	if (room < 0 || (unsigned)room < n)
		return -EINVAL;
	return copy_to_user(list, groups, n * sizeof(*groups)) ? -EFAULT : (long)n;
}

long sys_setgroups(unsigned n, const void __user *list)
{
	uint32_t groups[GROUPS_MAX] = {0};
	long err = 0;

	if (!process_privileged())
		return -EPERM;
	if (n > GROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(groups, list, n * sizeof(*groups)))
		return -EFAULT;
	spin_lock(&ids_lock);
	if (process_privileged()) {
		memcpy(ids.groups, groups, sizeof(groups));
		ids.group_count = n;
	} else {
		err = -EPERM; /* another thread was faster */
	}
	spin_unlock(&ids_lock);
	return err;
}
