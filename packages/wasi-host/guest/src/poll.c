#include "address.h"

#define MOST_ENTRIES 1024

/* The bits of wasi-libc's <poll.h> beside those of the ABI. */
static const struct {
    short libc;
    uint16_t abi;
} bits[] = {
    {POLLIN, UDS_POLLIN},   {POLLOUT, UDS_POLLOUT},   {POLLERR, UDS_POLLERR},
    {POLLHUP, UDS_POLLHUP}, {POLLNVAL, UDS_POLLNVAL},
};
#define BITS (sizeof bits / sizeof *bits)

static uint16_t events_to_abi(short events) {
    uint16_t abi = 0;
    for (size_t i = 0; i < BITS; i++) {
        if ((events & bits[i].libc) != 0) abi |= bits[i].abi;
    }
    return abi;
}

static short events_from_abi(uint16_t events) {
    short libc = 0;
    for (size_t i = 0; i < BITS; i++) {
        if ((events & bits[i].abi) != 0) libc |= bits[i].libc;
    }
    return libc;
}

/*
 * poll(2) ignores entries with a negative descriptor, which the ABI would call POLLNVAL: they are left out, so the
 * n-th entry of the call is the n-th with a descriptor.
 */
int uds_poll(struct pollfd *entries, nfds_t count, int timeout_ms) {
    if (count > MOST_ENTRIES) return uds_result(EINVAL);
    uds_abi_pollfd asked[MOST_ENTRIES];
    uint32_t used = 0, ready = 0;
    for (nfds_t i = 0; i < count; i++) {
        if (entries[i].fd < 0) continue;
        asked[used++] = (uds_abi_pollfd){.fd = entries[i].fd, .events = events_to_abi(entries[i].events)};
    }
    if (uds_result(uds_abi_sock_poll(asked, used, timeout_ms < 0 ? -1 : timeout_ms, &ready)) != 0) return -1;
    used = 0;
    for (nfds_t i = 0; i < count; i++) {
        entries[i].revents = entries[i].fd < 0 ? 0 : events_from_abi(asked[used++].revents);
    }
    return (int)ready;
}
