// Put before libc: the file that NSS_WRAPPER_NSSWITCH names stands for /etc/nsswitch.conf, which only root can change,
// for glibc itself (its lines passwd and group) and for whoever opens it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <nss.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char* instead(const char* path) {
  const char* other = getenv("NSS_WRAPPER_NSSWITCH");
  return other != NULL && strcmp(path, "/etc/nsswitch.conf") == 0 ? other : path;
}

__attribute__((constructor)) static void configure(void) {
  FILE* file = fopen("/etc/nsswitch.conf", "re");
  char line[256];
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    char* colon = strchr(line, ':');
    if (colon == NULL) continue;
    *colon = '\0';
    colon[1 + strcspn(colon + 1, "\n")] = '\0';
    if (strcmp(line, "passwd") == 0 || strcmp(line, "group") == 0 || strcmp(line, "initgroups") == 0)
      __nss_configure_lookup(line, colon + 1);
  }
  if (file != NULL) fclose(file);
}

FILE* fopen(const char* path, const char* mode) {
  FILE* (*next)(const char*, const char*) = (FILE * (*)(const char*, const char*)) dlsym(RTLD_NEXT, "fopen");
  return next(instead(path), mode);
}

FILE* fopen64(const char* path, const char* mode) {
  FILE* (*next)(const char*, const char*) = (FILE * (*)(const char*, const char*)) dlsym(RTLD_NEXT, "fopen64");
  return next(instead(path), mode);
}

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  int (*next)(const char*, int, ...) = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open");
  return next(instead(path), flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  int (*next)(const char*, int, ...) = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open64");
  return next(instead(path), flags, mode);
}
