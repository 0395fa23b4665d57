// SPDX-License-Identifier: MIT
/* lwIP's errors become errno here and nowhere else. */
#include <abi/errno.h>

#include "net.h"

int net_errno(err_t e)
{
	static const uint8_t table[] = {
		[-ERR_OK] = 0,
		[-ERR_MEM] = ENOBUFS,
		[-ERR_BUF] = ENOBUFS,
		[-ERR_TIMEOUT] = ETIMEDOUT,
		[-ERR_RTE] = ENETUNREACH,
		[-ERR_INPROGRESS] = EINPROGRESS,
		[-ERR_VAL] = EINVAL,
		[-ERR_WOULDBLOCK] = EAGAIN,
		[-ERR_USE] = EADDRINUSE,
		[-ERR_ALREADY] = EALREADY,
		[-ERR_ISCONN] = EISCONN,
		[-ERR_CONN] = ENOTCONN,
		[-ERR_IF] = ENETDOWN,
		[-ERR_ABRT] = ETIMEDOUT, /* lwIP gave up: no answer, or no memory */
		[-ERR_RST] = ECONNRESET,
		[-ERR_CLSD] = ENOTCONN,
		[-ERR_ARG] = EINVAL,
	};

	if (e > 0 || (size_t)-e >= ARRAY_SIZE(table))
		return -EIO;
	return -(int)table[-e];
}
