/*
 * Loaded before libc (LD_PRELOAD). While the file FAULTY_DISK is there, regular files below FAULTY_ROOT are on a disk in
 * trouble: where it begins with f, none of them can grow; where it begins with s, nothing reaches stable storage. FAULTY_DISK.met
 * is made once something has failed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char control[PATH_MAX], met[PATH_MAX + 8], root[PATH_MAX];

__attribute__((constructor)) static void read_environment(void) {
  const char *file = getenv("FAULTY_DISK"), *folder = getenv("FAULTY_ROOT");
  if (file == NULL || folder == NULL) return;
  snprintf(control, sizeof control, "%s", file);
  snprintf(met, sizeof met, "%s.met", file);
  snprintf(root, sizeof root, "%s", folder);
}

/* Asked of every call: a system call where all is well, two more where it is not. */
static int in_trouble(int fd, char kind) {
  int saved = errno, trouble = 0, file;
  char said = 0, link[64], path[PATH_MAX];
  if (control[0] != 0 && (file = open(control, O_RDONLY | O_CLOEXEC)) >= 0) {
    if (read(file, &said, 1) == 1 && said == kind) {
      snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
      ssize_t length = readlink(link, path, sizeof path - 1);
      if (length > 0) trouble = strncmp(path, root, strlen(root)) == 0;
    }
    close(file);
  }
  if (trouble && (file = open(met, O_CREAT | O_WRONLY | O_CLOEXEC, 0644)) >= 0) close(file);
  errno = saved;
  return trouble;
}

static int cannot_grow(int fd, off_t offset, size_t length) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  if (offset < 0) offset = fcntl(fd, F_GETFL) & O_APPEND ? status.st_size : lseek(fd, 0, SEEK_CUR);
  return offset + (off_t)length > status.st_size && in_trouble(fd, 'f');
}

static size_t sum(const struct iovec *parts, int count) {
  size_t length = 0;
  for (int at = 0; at < count; at++) length += parts[at].iov_len;
  return length;
}

#define REAL(type, name, ...) static type (*real)(__VA_ARGS__); if (real == NULL) real = dlsym(RTLD_NEXT, #name)
#define REFUSE(code) do { errno = code; return -1; } while (0)

int fsync(int fd) {
  REAL(int, fsync, int);
  if (in_trouble(fd, 's')) REFUSE(EIO);
  return real(fd);
}

int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  if (in_trouble(fd, 's')) REFUSE(EIO);
  return real(fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(ssize_t, write, int, const void *, size_t);
  if (cannot_grow(fd, -1, length)) REFUSE(ENOSPC);
  return real(fd, bytes, length);
}

#define POSITIONED(name, type)                                          \
  ssize_t name(int fd, const void *bytes, size_t length, type offset) { \
    REAL(ssize_t, name, int, const void *, size_t, type);               \
    if (cannot_grow(fd, offset, length)) REFUSE(ENOSPC);                \
    return real(fd, bytes, length, offset);                             \
  }
POSITIONED(pwrite, off_t)
POSITIONED(pwrite64, off64_t)

#define VECTORED(name, type)                                                  \
  ssize_t name(int fd, const struct iovec *parts, int count, type offset) {   \
    REAL(ssize_t, name, int, const struct iovec *, int, type);                \
    if (cannot_grow(fd, offset, sum(parts, count))) REFUSE(ENOSPC);           \
    return real(fd, parts, count, offset);                                    \
  }
VECTORED(pwritev, off_t)
VECTORED(pwritev64, off64_t)
