/* Preloaded by tests: getpwnam_r fails or hangs while the file named by NSS_WRAPPER_FAULT says so. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **found) {
  char fault = 0;
  const char *path = getenv("NSS_WRAPPER_FAULT");
  int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    if (read(fd, &fault, 1) != 1) fault = 0;
    close(fd);
  }
  if (fault == 'f') {
    *found = NULL;
    return EIO;
  }
  while (fault == 'h') pause();
  int (*next)(const char *, struct passwd *, char *, size_t, struct passwd **) =
      (int (*)(const char *, struct passwd *, char *, size_t, struct passwd **))dlsym(RTLD_NEXT, "getpwnam_r");
  return next(name, entry, buffer, size, found);
}
