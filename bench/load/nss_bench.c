// The service `bench` for nsswitch.conf: people and groups of a large directory, answered out of memory as SSSD's and
// nscd's caches do. `one` is in one group, `grouped` in 300, `in10` in 10, `user0`, `user1`, ... in one each.
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEOPLE = 100000, TEAMS = 100001, MOST_GROUPS = 65000 };
enum { ONE = 100001, GROUPED = 100002, IN_GROUPS = 200000, USERS = 1000000, MOST_USERS = 1000000 };

// What stands behind the prefix; -1: another name.
static long number_behind(const char* prefix, const char* name) {
  size_t length = strlen(prefix);
  if (strncmp(name, prefix, length) != 0 || name[length] == '\0') return -1;
  char* end;
  long number = strtol(name + length, &end, 10);
  return *end == '\0' ? number : -1;
}

// 0: nobody.
static uid_t uid_of(const char* name) {
  if (strcmp(name, "one") == 0) return ONE;
  if (strcmp(name, "grouped") == 0) return GROUPED;
  long number = number_behind("in", name);
  if (number > 0 && number <= MOST_GROUPS) return IN_GROUPS + (uid_t)number;
  number = number_behind("user", name);
  return number < 0 || number >= MOST_USERS ? 0 : USERS + (uid_t)number;
}

enum nss_status _nss_bench_getpwnam_r(const char* name, struct passwd* entry, char* buffer, size_t size, int* number) {
  uid_t uid = uid_of(name);
  if (uid == 0) return NSS_STATUS_NOTFOUND;
  if (size < strlen(name) + 1) return *number = ERANGE, NSS_STATUS_TRYAGAIN;
  *entry = (struct passwd){.pw_name = strcpy(buffer, name), .pw_passwd = "x", .pw_uid = uid, .pw_gid = PEOPLE};
  entry->pw_gecos = "";
  entry->pw_dir = "/nonexistent";
  entry->pw_shell = "/usr/sbin/nologin";
  return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_bench_getgrgid_r(gid_t gid, struct group* entry, char* buffer, size_t size, int* number) {
  static char* nobody[] = {NULL};
  if (gid < PEOPLE || gid >= TEAMS + MOST_GROUPS) return NSS_STATUS_NOTFOUND;
  if (size < 32) return *number = ERANGE, NSS_STATUS_TRYAGAIN;
  if (gid == PEOPLE)
    strcpy(buffer, "people");
  else
    snprintf(buffer, size, "team-%u", gid - TEAMS);
  *entry = (struct group){.gr_name = buffer, .gr_passwd = "x", .gr_gid = gid, .gr_mem = nobody};
  return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_bench_getgrnam_r(const char* name, struct group* entry, char* buffer, size_t size, int* number) {
  long team = number_behind("team-", name);
  gid_t gid = strcmp(name, "people") == 0 ? PEOPLE : team >= 0 ? TEAMS + (gid_t)team : 0;
  return _nss_bench_getgrgid_r(gid, entry, buffer, size, number);
}

enum nss_status _nss_bench_initgroups_dyn(const char* user, gid_t gid, long* start, long* size, gid_t** groups,
                                          long limit, int* number) {
  (void)gid, (void)limit;
  uid_t uid = uid_of(user);
  if (uid == 0) return NSS_STATUS_NOTFOUND;
  // One of them is the primary one.
  long teams = uid == GROUPED ? 299 : uid > IN_GROUPS && uid < USERS ? (long)(uid - IN_GROUPS) - 1 : 0;
  if (*size < *start + teams) {
    gid_t* more = realloc(*groups, sizeof **groups * (size_t)(*start + teams));
    if (more == NULL) return *number = ENOMEM, NSS_STATUS_TRYAGAIN;
    *groups = more;
    *size = *start + teams;
  }
  for (long team = 0; team < teams; team++) (*groups)[(*start)++] = TEAMS + (gid_t)team;
  return NSS_STATUS_SUCCESS;
}
