/* What Debian's static libstdc++ and libgcc, which are built for glibc, want of the C library and musl does not have. */
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* <sys/single_threaded.h>: there may be threads. */
char __libc_single_threaded = 0;

/* <dlfcn.h>: -1 makes libgcc look by dl_iterate_phdr, which musl has. */
int _dl_find_object(void *address, void *result) { return -1; }

unsigned arc4random(void) {
  unsigned number = 0;
  getrandom(&number, sizeof number, 0);
  return number;
}

size_t __strftime_l(char *text, size_t size, const char *format, const struct tm *time, locale_t locale) {
  return strftime_l(text, size, format, time, locale);
}

/* Destructors of thread_local objects: https://gcc.gnu.org/wiki/ThreadLocalDestructors */
struct destructor {
  void (*destroy)(void *);
  void *object;
  struct destructor *next;
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void run(void *list) {
  for (struct destructor *each = list, *next; each; each = next) {
    next = each->next;
    each->destroy(each->object);
    free(each);
  }
}

static void make_key(void) { pthread_key_create(&key, run); }

int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library) {
  struct destructor *each = malloc(sizeof *each);
  if (!each) return -1;
  pthread_once(&once, make_key);
  *each = (struct destructor){destroy, object, pthread_getspecific(key)};
  return pthread_setspecific(key, each);
}
