/*
 * A library for LD_PRELOAD that lets a disk be full, a sync be slow and a clock jump, for one process and what it starts. It is compiled by
 * the tests (tests/it/support/shim.rs) and is no part of the hub.
 *
 *   cc -shared -fPIC -O2 -o shim.so tests/shim/shim.c -ldl
 *   LD_PRELOAD=./shim.so KETENHUB_SHIM_SYNC_MS=20 ketenhub serve --config ketenhub.example.toml
 *
 * KETENHUB_SHIM_VOL_MAP   a folder, as an absolute path without symbolic links
 * KETENHUB_SHIM_VOL       a file; while it exists, what would make a regular file in that folder larger fails with ENOSPC. What fits in the
 *                         file as it is goes through, as on a real full disk
 * KETENHUB_SHIM_SYNC_MS   milliseconds that every fsync and fdatasync takes longer
 * KETENHUB_SHIM_KLOK      a file with a number of milliseconds, possibly negative: the clock of the day (CLOCK_REALTIME) is that much ahead.
 *                         Read at most every ten milliseconds; no file is 0. Clocks that only measure (CLOCK_MONOTONIC) go on undisturbed
 *
 * What is not set does nothing. It does not see what a process does without the C library, or through a memory map.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *vol_map, *vol_file, *klok_file;
static long sync_ms;

/* A copy: PostgreSQL writes its process titles over the environment it was given. */
static const char *uit_omgeving(const char *naam) {
    const char *waarde = getenv(naam);
    return waarde ? strdup(waarde) : NULL;
}

__attribute__((constructor)) static void lees_omgeving(void) {
    const char *ms = getenv("KETENHUB_SHIM_SYNC_MS");
    vol_map = uit_omgeving("KETENHUB_SHIM_VOL_MAP");
    vol_file = uit_omgeving("KETENHUB_SHIM_VOL");
    klok_file = uit_omgeving("KETENHUB_SHIM_KLOK");
    sync_ms = ms ? atol(ms) : 0;
}

/* Whether a file may not become `einde` bytes long. */
static int is_vol(int fd, off_t einde) {
    char link[64], path[4096];
    struct stat st;
    size_t map;
    ssize_t n;
    int bewaard = errno;

    if (!vol_map || !vol_file || access(vol_file, F_OK) != 0) goto nee;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || einde <= st.st_size) goto nee;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    if (n <= 0) goto nee;
    path[n] = 0;
    map = strlen(vol_map);
    if (strncmp(path, vol_map, map) != 0 || path[map] != '/') goto nee;
    errno = ENOSPC;
    return 1;
nee:
    errno = bewaard;
    return 0;
}

/* Where a plain write of so many bytes ends. */
static off_t einde_van(int fd, size_t bytes) {
    int bewaard = errno, vlaggen = fcntl(fd, F_GETFL);
    off_t nu = lseek(fd, 0, vlaggen >= 0 && (vlaggen & O_APPEND) ? SEEK_END : SEEK_CUR);

    errno = bewaard;
    /* Not a file in which there is a place: a pipe, a socket. */
    if (nu < 0) return 0;
    if (vlaggen >= 0 && (vlaggen & O_APPEND)) {
        struct stat st;
        return fstat(fd, &st) == 0 ? st.st_size + (off_t)bytes : 0;
    }
    return nu + (off_t)bytes;
}

static size_t lengte(const struct iovec *iov, int aantal) {
    size_t bytes = 0;
    for (int i = 0; i < aantal; i++) bytes += iov[i].iov_len;
    return bytes;
}

ssize_t write(int fd, const void *buf, size_t n) {
    static __typeof__(&write) echt;
    if (!echt) echt = REAL(write);
    return vol_map && is_vol(fd, einde_van(fd, n)) ? -1 : echt(fd, buf, n);
}

ssize_t writev(int fd, const struct iovec *iov, int aantal) {
    static __typeof__(&writev) echt;
    if (!echt) echt = REAL(writev);
    return vol_map && is_vol(fd, einde_van(fd, lengte(iov, aantal))) ? -1 : echt(fd, iov, aantal);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t op) {
    static __typeof__(&pwrite) echt;
    if (!echt) echt = REAL(pwrite);
    return is_vol(fd, op + (off_t)n) ? -1 : echt(fd, buf, n, op);
}

ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t op) {
    static __typeof__(&pwrite64) echt;
    if (!echt) echt = REAL(pwrite64);
    return is_vol(fd, op + (off_t)n) ? -1 : echt(fd, buf, n, op);
}

ssize_t pwritev(int fd, const struct iovec *iov, int aantal, off_t op) {
    static __typeof__(&pwritev) echt;
    if (!echt) echt = REAL(pwritev);
    return is_vol(fd, op + (off_t)lengte(iov, aantal)) ? -1 : echt(fd, iov, aantal, op);
}

ssize_t pwritev64(int fd, const struct iovec *iov, int aantal, off64_t op) {
    static __typeof__(&pwritev64) echt;
    if (!echt) echt = REAL(pwritev64);
    return is_vol(fd, op + (off_t)lengte(iov, aantal)) ? -1 : echt(fd, iov, aantal, op);
}

int ftruncate(int fd, off_t lang) {
    static __typeof__(&ftruncate) echt;
    if (!echt) echt = REAL(ftruncate);
    return is_vol(fd, lang) ? -1 : echt(fd, lang);
}

int ftruncate64(int fd, off64_t lang) {
    static __typeof__(&ftruncate64) echt;
    if (!echt) echt = REAL(ftruncate64);
    return is_vol(fd, lang) ? -1 : echt(fd, lang);
}

/* These return the error. */
int posix_fallocate(int fd, off_t op, off_t n) {
    static __typeof__(&posix_fallocate) echt;
    if (!echt) echt = REAL(posix_fallocate);
    return is_vol(fd, op + n) ? ENOSPC : echt(fd, op, n);
}

int posix_fallocate64(int fd, off64_t op, off64_t n) {
    static __typeof__(&posix_fallocate64) echt;
    if (!echt) echt = REAL(posix_fallocate64);
    return is_vol(fd, op + n) ? ENOSPC : echt(fd, op, n);
}

int fallocate(int fd, int hoe, off_t op, off_t n) {
    static __typeof__(&fallocate) echt;
    if (!echt) echt = REAL(fallocate);
    return is_vol(fd, op + n) ? -1 : echt(fd, hoe, op, n);
}

int fallocate64(int fd, int hoe, off64_t op, off64_t n) {
    static __typeof__(&fallocate64) echt;
    if (!echt) echt = REAL(fallocate64);
    return is_vol(fd, op + n) ? -1 : echt(fd, hoe, op, n);
}

static void wacht(void) {
    struct timespec rest = {sync_ms / 1000, (sync_ms % 1000) * 1000000L};
    int bewaard = errno;
    while (sync_ms > 0 && nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
    errno = bewaard;
}

int fsync(int fd) {
    static __typeof__(&fsync) echt;
    if (!echt) echt = REAL(fsync);
    wacht();
    return echt(fd);
}

int fdatasync(int fd) {
    static __typeof__(&fdatasync) echt;
    if (!echt) echt = REAL(fdatasync);
    wacht();
    return echt(fd);
}

/* How many milliseconds the clock of the day is ahead. */
static long long verschil(void) {
    static _Atomic long long gelezen_ns, ms;
    struct timespec nu;
    long long ns;
    int fd, bewaard = errno;

    if (!klok_file) return 0;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &nu);
    ns = nu.tv_sec * 1000000000LL + nu.tv_nsec;
    if (gelezen_ns == 0 || ns - gelezen_ns > 10000000LL) {
        char tekst[32] = "";
        gelezen_ns = ns;
        fd = open(klok_file, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            ssize_t n = read(fd, tekst, sizeof tekst - 1);
            close(fd);
            /* A file that is being written anew is empty for a moment. */
            if (n > 0) ms = atoll(tekst);
        } else {
            ms = 0;
        }
    }
    errno = bewaard;
    return ms;
}

static void verschuif(time_t *sec, long *ns) {
    long long ms = verschil(), samen = *ns + (ms % 1000) * 1000000LL;
    *sec += ms / 1000;
    if (samen < 0) {
        samen += 1000000000LL;
        *sec -= 1;
    } else if (samen >= 1000000000LL) {
        samen -= 1000000000LL;
        *sec += 1;
    }
    *ns = (long)samen;
}

int clock_gettime(clockid_t klok, struct timespec *nu) {
    static __typeof__(&clock_gettime) echt;
    int uitkomst;
    if (!echt) echt = REAL(clock_gettime);
    uitkomst = echt(klok, nu);
    if (uitkomst == 0 && klok_file && (klok == CLOCK_REALTIME || klok == CLOCK_REALTIME_COARSE)) verschuif(&nu->tv_sec, &nu->tv_nsec);
    return uitkomst;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz) {
    struct timespec nu;
    (void)tz;
    if (clock_gettime(CLOCK_REALTIME, &nu) != 0) return -1;
    tv->tv_sec = nu.tv_sec;
    tv->tv_usec = nu.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *waar) {
    struct timespec nu;
    if (clock_gettime(CLOCK_REALTIME, &nu) != 0) return (time_t)-1;
    if (waar) *waar = nu.tv_sec;
    return nu.tv_sec;
}
