#include "address.h"

#include <limits.h>
#include <string.h>

static int level_to_abi(int level) {
    /* wasi-libc's SOL_SOCKET is 0x7fffffff; the IPPROTO_ numbers are the same everywhere. */
    return level == SOL_SOCKET ? UDS_SOL_SOCKET : level;
}

static int is_timeout(int level, int name) {
    return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
}

static int is_linger(int level, int name) { return level == SOL_SOCKET && name == SO_LINGER; }

static int timeout_to_ms(const struct timeval *time, int32_t *ms) {
    if (time->tv_usec < 0 || time->tv_usec >= 1000000) return EDOM;
    if (time->tv_sec < 0) return EDOM;
    if (time->tv_sec == 0 && time->tv_usec == 0) {
        *ms = -1; /* socket(7): zero means that the call never times out */
        return 0;
    }
    if (time->tv_sec > (INT_MAX / 1000) - 1) {
        *ms = INT_MAX;
        return 0;
    }
    *ms = (int32_t)(time->tv_sec * 1000 + (time->tv_usec + 999) / 1000);
    return 0;
}

static int read_value(int level, int name, const void *value, socklen_t len, int32_t *out) {
    if (value == NULL) return EFAULT;
    if (is_timeout(level, name)) {
        struct timeval time;
        if (len < sizeof time) return EINVAL;
        memcpy(&time, value, sizeof time);
        return timeout_to_ms(&time, out);
    }
    if (is_linger(level, name)) {
        struct uds_linger linger;
        if (len < sizeof linger) return EINVAL;
        memcpy(&linger, value, sizeof linger);
        *out = linger.l_onoff != 0 ? linger.l_linger : -1;
        return 0;
    }
    if (len < sizeof *out) return EINVAL;
    memcpy(out, value, sizeof *out);
    return 0;
}

int uds_setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
    int32_t number;
    int code = read_value(level, name, value, len, &number);
    if (code == 0) code = uds_abi_sock_setsockopt(fd, level_to_abi(level), name, &number, sizeof number);
    return uds_result(code);
}

static void give(const void *whole, size_t size, void *value, socklen_t *len) {
    if (*len > size) *len = (socklen_t)size;
    memcpy(value, whole, *len);
}

/* SO_TYPE and SO_DOMAIN are numbers of the ABI, which differ from wasi-libc's. */
static int32_t from_abi(int level, int name, int32_t number) {
    if (level != SOL_SOCKET) return number;
    if (name == SO_TYPE) return number == UDS_SOCK_STREAM ? SOCK_STREAM : SOCK_DGRAM;
    if (name == SO_DOMAIN) return uds_family_from_abi(number);
    return number;
}

int uds_getsockopt(int fd, int level, int name, void *value, socklen_t *len) {
    if (value == NULL || len == NULL) return uds_result(EFAULT);
    int32_t number = 0;
    uint32_t size = 0;
    int code = uds_abi_sock_getsockopt(fd, level_to_abi(level), name, &number, sizeof number, &size);
    if (uds_result(code) != 0) return -1;
    if (is_timeout(level, name)) {
        struct timeval time = {0};
        if (number >= 0) time = (struct timeval){.tv_sec = number / 1000, .tv_usec = number % 1000 * 1000};
        give(&time, sizeof time, value, len);
    } else if (is_linger(level, name)) {
        struct uds_linger linger = {.l_onoff = number >= 0, .l_linger = number >= 0 ? number : 0};
        give(&linger, sizeof linger, value, len);
    } else {
        number = from_abi(level, name, number);
        give(&number, sizeof number, value, len);
    }
    return 0;
}
