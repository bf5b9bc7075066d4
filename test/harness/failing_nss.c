// Put before libc: a user database that fails, hangs or answers oddly for certain names and gids, and is the real one
// for others.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// Tells of itself by a line in the file that HUNG_LOG names: milliseconds of the steady clock.
static void hang(void) {
  const char* file = getenv("HUNG_LOG");
  char line[32];
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int size = snprintf(line, sizeof line, "%lld\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
  if (file != NULL && write(open(file, O_WRONLY | O_CREAT | O_APPEND, 0600), line, (size_t)size) != size) abort();
  for (;;) pause();
}

static int odd(const char* name, struct passwd* entry, char* buffer, size_t size, struct passwd** found, int number,
               size_t needed) {
  *found = NULL;
  errno = number;
  if (size < needed) return ERANGE;
  memset(entry, 0, sizeof *entry);
  entry->pw_name = strcpy(buffer, name);
  entry->pw_uid = 4001;
  entry->pw_gid = 4001;
  *found = entry;
  return 0;
}

int getpwnam_r(const char* name, struct passwd* entry, char* buffer, size_t size, struct passwd** found) {
  *found = NULL;
  if (strcmp(name, "hang") == 0) hang();
  if (strcmp(name, "eio") == 0) return EIO;
  if (strcmp(name, "eagain") == 0) return EAGAIN;
  if (strcmp(name, "etimedout") == 0) return ETIMEDOUT;
  if (strcmp(name, "econnrefused") == 0) return ECONNREFUSED;
  if (strcmp(name, "enoent") == 0) return ENOENT;
  if (strcmp(name, "esrch") == 0) return ESRCH;
  if (strcmp(name, "eintr") == 0) return EINTR;
  if (strcmp(name, "minus-one") == 0) return -1;
  if (strcmp(name, "none-stale-errno") == 0) return errno = EIO, 0;
  if (strcmp(name, "entry-stale-errno") == 0) return odd(name, entry, buffer, size, found, EIO, 64);
  if (strcmp(name, "large") == 0) return odd(name, entry, buffer, size, found, 0, 1 << 20);
  if (strcmp(name, "too-large") == 0) return odd(name, entry, buffer, size, found, 0, (1 << 20) + 1);
  if (strcmp(name, "latin1") == 0) return odd("caf\xe9", entry, buffer, size, found, 0, 64);
  if (strcmp(name, "lines") == 0) return odd("ali\nce", entry, buffer, size, found, 0, 64);
  if (strcmp(name, "no-name") == 0) {
    int code = odd(name, entry, buffer, size, found, 0, 64);
    entry->pw_name = NULL;
    return code;
  }
  int (*next)(const char*, struct passwd*, char*, size_t, struct passwd**) = dlsym(RTLD_NEXT, "getpwnam_r");
  return next(name, entry, buffer, size, found);
}

static int named(gid_t gid, const char* name, struct group* entry, char* buffer, size_t size, struct group** found,
                 size_t needed) {
  if (size < needed) return ERANGE;
  memset(entry, 0, sizeof *entry);
  entry->gr_name = strcpy(buffer, name);
  entry->gr_gid = gid;
  static char* none[] = {NULL};
  entry->gr_mem = none;
  *found = entry;
  return 0;
}

int getgrgid_r(gid_t gid, struct group* entry, char* buffer, size_t size, struct group** found) {
  *found = NULL;
  if (gid == 66600) return EIO;
  if (gid == 66601) return named(gid, "members-16-mib", entry, buffer, size, found, 16 << 20);
  if (gid == 66602) return named(gid, "too-many-members", entry, buffer, size, found, (16 << 20) + 1);
  if (gid == 66603) return named(gid, "caf\xe9", entry, buffer, size, found, 64);
  if (gid == 66604) return named(gid, "twice", entry, buffer, size, found, 64);
  if (gid == 66605) return named(gid, "twice", entry, buffer, size, found, 64);
  if (gid == 66606) return named(gid, "two\nlines", entry, buffer, size, found, 64);
  if (gid == 66607) {
    int code = named(gid, "", entry, buffer, size, found, 64);
    entry->gr_name = NULL;
    return code;
  }
  int (*next)(gid_t, struct group*, char*, size_t, struct group**) = dlsym(RTLD_NEXT, "getgrgid_r");
  return next(gid, entry, buffer, size, found);
}

// `gids-N`: N groups, all of them the one gid asked with; `beyond`: more than there is room for, and no failure; other
// names: gid alone.
int getgrouplist(const char* user, gid_t gid, gid_t* groups, int* count) {
  int there = 1;
  if (strcmp(user, "gids-65536") == 0) there = 65536;
  if (strcmp(user, "gids-65537") == 0) there = 65537;
  if (strcmp(user, "beyond") == 0) return *count += 1;
  int room = *count;
  *count = there;
  for (int i = 0; i < there && i < room; i++) groups[i] = gid;
  return there <= room ? there : -1;
}
