#include "sync/env_room.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int64_t
env_room_bytes(void *self, const char *path)
{
	struct statvfs v;

	(void)self;
	if (statvfs(path, &v) != 0)
		return -1;
	if (v.f_bavail > (fsblkcnt_t)(INT64_MAX / (int64_t)v.f_frsize))
		return INT64_MAX;
	return (int64_t)v.f_bavail * (int64_t)v.f_frsize;
}

int64_t
env_file_bytes(void *self, const char *path)
{
	struct stat st;

	(void)self;
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

enum err
env_file_room(void *self, const char *path, int64_t bytes, struct fail *f)
{
	struct stat st = { 0 };
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int code = 0;

	(void)self;
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		code = errno != 0 ? errno : EINVAL;
	else if (st.st_size < bytes)
		code = posix_fallocate(fd, 0, bytes);
	/* what was begun of it goes again */
	if (code != 0 && fd >= 0 && S_ISREG(st.st_mode))
		(void)!ftruncate(fd, st.st_size);
	else if (code == 0 && st.st_size > bytes && ftruncate(fd, bytes) != 0)
		code = errno;
	if (fd >= 0)
		(void)close(fd);
	return code == 0
	    ? OK
	    : fail_set(f, ERR_IO, "no room can be set aside in %s: %s", path,
		  strerror(code));
}
