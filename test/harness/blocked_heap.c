/* Preloaded by tests: when the addon prepares the C heap by mallopt(3), maps a page right behind the heap, so that brk(2) fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where the heap ends, as brk(2) has it: in whole pages. */
static uintptr_t heap_end(uintptr_t page) {
  return ((uintptr_t)sbrk(0) + page - 1) / page * page;
}

/* As it does by itself now and then, between what the addon has read of the mappings and this. What is taken is never given back. */
static void grow(void) {
  const void *const end = sbrk(0);
  for (int pieces = 0; pieces < 1024 && sbrk(0) == end; pieces++)
    if (malloc(64 << 10) == NULL) return;
}

static void block(void) {
  static const char said[] = "the heap is blocked\n";
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  uintptr_t end;
  void *mapped;
  do {
    end = heap_end(page);
    mapped = mmap((void *)end, page, PROT_NONE, flags, -1, 0);
    /* Something may lie there already, or another thread has made the heap grow meanwhile. */
  } while (mapped != (void *)end && errno == EEXIST && heap_end(page) != end);
  if ((mapped == (void *)end || errno == EEXIST) && write(STDERR_FILENO, said, sizeof said - 1) < 0) _exit(1);
}

int mallopt(int parameter, int value) {
  static int blocked = 0;
  int (*next)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "mallopt");
  if (!blocked) {
    grow();
    block();
  }
  blocked = 1;
  return next(parameter, value);
}
