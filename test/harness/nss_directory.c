// Services for nsswitch.conf, libnss_SERVICE.so.2 each: a directory that is well, fails, hangs or forgets as the file
// that NSS_WRAPPER_DIRECTORY names says by its first letter; and, compiled with SILENT, one that knows nobody.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOIN(service, function) _nss_##service##_##function
#define NAMED(service, function) JOIN(service, function)
#define FUNCTION(function) NAMED(SERVICE, function)

enum { STAFF = 30000, OPS = 30100, MASTERS = 30200 };
static const struct {
  gid_t gid;
  const char* name;
} kGroups[] = {{STAFF, "staff"}, {OPS, "ops"}, {MASTERS, "system:masters"}};
enum { GROUPS = sizeof kGroups / sizeof *kGroups };

static char state(void) {
#ifdef SILENT
  return 'e';
#endif
  char letter = 'w';
  int fd = open(getenv("NSS_WRAPPER_DIRECTORY"), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, &letter, 1) != 1) letter = 'w';
  if (fd >= 0) close(fd);
  return letter;
}

// SUCCESS: the directory is there, and may be asked.
static enum nss_status reach(int* number) {
  while (state() == 'h') usleep(10000);
  if (state() == 'f') return *number = ECONNREFUSED, NSS_STATUS_UNAVAIL;
  if (state() == 'n') return *number = ENOENT, NSS_STATUS_UNAVAIL;
  return state() == 'e' ? NSS_STATUS_NOTFOUND : NSS_STATUS_SUCCESS;
}

// A line a question in the file beside the state: who was asked for.
static void note(const char* name) {
#ifndef SILENT
  char path[4096], line[256];
  snprintf(path, sizeof path, "%s.asked", getenv("NSS_WRAPPER_DIRECTORY"));
  int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  int size = snprintf(line, sizeof line, "%s\n", name);
  if (fd < 0 || write(fd, line, (size_t)size) != size) abort();
  close(fd);
#else
  (void)name;
#endif
}

enum nss_status FUNCTION(getpwnam_r)(const char* name, struct passwd* entry, char* buffer, size_t size, int* number) {
  note(name);
  enum nss_status status = reach(number);
  if (status != NSS_STATUS_SUCCESS) return status;
  const char* names[] = {"dora", "edna", "finn"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    if (size < 64) return *number = ERANGE, NSS_STATUS_TRYAGAIN;
    char* text = strcpy(buffer, name);
    *entry = (struct passwd){.pw_name = text, .pw_uid = 30001 + i, .pw_gid = STAFF};
    entry->pw_passwd = entry->pw_gecos = entry->pw_dir = entry->pw_shell = strcpy(buffer + 32, "/");
    return NSS_STATUS_SUCCESS;
  }
  return NSS_STATUS_NOTFOUND;
}

static enum nss_status group_of(gid_t gid, struct group* entry, char* buffer, size_t size, int* number) {
  enum nss_status status = reach(number);
  if (status != NSS_STATUS_SUCCESS) return status;
  if (state() == 'g') return *number = ECONNREFUSED, NSS_STATUS_UNAVAIL;
  for (int i = 0; i < GROUPS; i++) {
    if (kGroups[i].gid != gid) continue;
    if (size < 64) return *number = ERANGE, NSS_STATUS_TRYAGAIN;
    static char* nobody[] = {NULL};
    *entry = (struct group){.gr_name = strcpy(buffer, kGroups[i].name), .gr_gid = gid, .gr_mem = nobody};
    entry->gr_passwd = strcpy(buffer + 32, "x");
    return NSS_STATUS_SUCCESS;
  }
  return NSS_STATUS_NOTFOUND;
}

enum nss_status FUNCTION(getgrgid_r)(gid_t gid, struct group* entry, char* buffer, size_t size, int* number) {
  return group_of(gid, entry, buffer, size, number);
}

enum nss_status FUNCTION(getgrnam_r)(const char* name, struct group* entry, char* buffer, size_t size, int* number) {
  gid_t gid = 0;
  for (int i = 0; i < GROUPS; i++)
    if (strcmp(name, kGroups[i].name) == 0) gid = kGroups[i].gid;
  return group_of(gid, entry, buffer, size, number);
}

// `ops` has dora of the directory and daemon of the machine, `system:masters` has edna. `l`: an SSSD that has ended, whose memory still knows users.
enum nss_status FUNCTION(initgroups_dyn)(const char* user, gid_t gid, long* start, long* size, gid_t** groups,
                                         long limit, int* number) {
  (void)gid, (void)limit;
  enum nss_status status = reach(number);
  if (status != NSS_STATUS_SUCCESS) return status;
  if (state() == 'l') return *number = ECONNREFUSED, NSS_STATUS_UNAVAIL;
  const gid_t further = strcmp(user, "edna") == 0                                    ? MASTERS
                        : strcmp(user, "dora") == 0 || strcmp(user, "daemon") == 0 ? OPS
                                                                                   : 0;
  if (further == 0) return NSS_STATUS_NOTFOUND;
  if (*start == *size) {
    gid_t* more = realloc(*groups, sizeof **groups * (size_t)(*size + 8));
    if (more == NULL) return *number = ENOMEM, NSS_STATUS_TRYAGAIN;
    *groups = more;
    *size += 8;
  }
  (*groups)[(*start)++] = further;
  return NSS_STATUS_SUCCESS;
}
