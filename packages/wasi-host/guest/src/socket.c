#include "address.h"

#include <string.h>

#define TYPE_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)
#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL)
#define RECV_FLAGS (MSG_PEEK | MSG_WAITALL | MSG_DONTWAIT | MSG_NOSIGNAL)

static int fail(int code) {
    errno = code;
    return -1;
}

static int type_to_abi(int type) {
    switch (type) {
    case SOCK_STREAM: return UDS_SOCK_STREAM;
    case SOCK_DGRAM: return UDS_SOCK_DGRAM;
    default: return -1;
    }
}

static int fits(int type, int protocol) {
    if (protocol == 0) return 1;
    return protocol == (type == UDS_SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP);
}

int uds_socket(int family, int type, int protocol) {
    int abi_family = uds_family_to_abi(family);
    if (abi_family <= 0) return fail(EAFNOSUPPORT);
    int abi_type = type_to_abi(type & ~TYPE_FLAGS);
    if (abi_type < 0) return fail(EPROTOTYPE);
    if (!fits(abi_type, protocol)) return fail(EPROTONOSUPPORT);
    int32_t fd;
    if (uds_result(uds_abi_sock_open(abi_family, abi_type, &fd)) != 0) return -1;
    if ((type & SOCK_NONBLOCK) != 0 && uds_result(uds_abi_sock_set_nonblocking(fd, 1)) != 0) {
        int reason = errno;
        uds_abi_sock_close(fd);
        return fail(reason);
    }
    return fd;
}

int uds_connect(int fd, const struct sockaddr *address, socklen_t len) {
    uint8_t wire[UDS_ADDRESS_MAX];
    uint32_t wire_len;
    int code = uds_address_encode(address, len, wire, &wire_len);
    return uds_result(code != 0 ? code : uds_abi_sock_connect(fd, wire, wire_len));
}

int uds_connect_host(int fd, const char *host, uint16_t port) {
    if (host == NULL) return fail(EFAULT);
    return uds_result(uds_abi_sock_connect_host(fd, host, (uint32_t)strlen(host), port));
}

int uds_bind(int fd, const struct sockaddr *address, socklen_t len) {
    uint8_t wire[UDS_ADDRESS_MAX];
    uint32_t wire_len;
    int code = uds_address_encode(address, len, wire, &wire_len);
    return uds_result(code != 0 ? code : uds_abi_sock_bind(fd, wire, wire_len));
}

int uds_listen(int fd, int backlog) {
    /* listen(2): a negative backlog is 0. */
    return uds_result(uds_abi_sock_listen(fd, backlog < 0 ? 0 : backlog));
}

int uds_accept(int fd, struct sockaddr *address, socklen_t *len) { return uds_accept4(fd, address, len, 0); }

int uds_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags) {
    if ((flags & ~TYPE_FLAGS) != 0) return fail(EINVAL);
    if (address != NULL && len == NULL) return fail(EFAULT);
    uint8_t wire[UDS_ADDRESS_MAX];
    uint32_t wire_len = 0;
    int32_t accepted;
    int32_t code = uds_abi_sock_accept(fd, (flags & SOCK_NONBLOCK) != 0, &accepted, wire, sizeof wire, &wire_len);
    if (uds_result(code) != 0) return -1;
    if (address != NULL) uds_address_decode(wire, wire_len, address, len);
    return accepted;
}

ssize_t uds_send(int fd, const void *buf, size_t len, int flags) {
    if ((flags & ~SEND_FLAGS) != 0) return fail(EOPNOTSUPP);
    uint32_t sent;
    if (uds_result(uds_abi_sock_send(fd, buf, (uint32_t)len, flags & MSG_DONTWAIT, &sent)) != 0) return -1;
    return (ssize_t)sent;
}

ssize_t uds_recv(int fd, void *buf, size_t len, int flags) {
    if ((flags & ~RECV_FLAGS) != 0) return fail(EOPNOTSUPP);
    uint32_t got;
    if (uds_result(uds_abi_sock_recv(fd, buf, (uint32_t)len, flags & ~MSG_NOSIGNAL, &got)) != 0) return -1;
    return (ssize_t)got;
}

ssize_t uds_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *address,
                   socklen_t address_len) {
    if (address == NULL) return uds_send(fd, buf, len, flags);
    if ((flags & ~SEND_FLAGS) != 0) return fail(EOPNOTSUPP);
    uint8_t wire[UDS_ADDRESS_MAX];
    uint32_t wire_len, sent;
    int32_t code = uds_address_encode(address, address_len, wire, &wire_len);
    if (code == 0) {
        code = uds_abi_sock_sendto(fd, buf, (uint32_t)len, flags & MSG_DONTWAIT, wire, wire_len, &sent);
    }
    return uds_result(code) != 0 ? -1 : (ssize_t)sent;
}

ssize_t uds_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *address, socklen_t *address_len) {
    if ((flags & ~RECV_FLAGS) != 0) return fail(EOPNOTSUPP);
    if (address != NULL && address_len == NULL) return fail(EFAULT);
    uint8_t wire[UDS_ADDRESS_MAX];
    uint32_t got, wire_len = 0;
    int32_t code = uds_abi_sock_recvfrom(fd, buf, (uint32_t)len, flags & ~MSG_NOSIGNAL, &got, NULL, wire,
                                         sizeof wire, &wire_len);
    if (uds_result(code) != 0) return -1;
    if (address != NULL) uds_address_decode(wire, wire_len, address, address_len);
    return (ssize_t)got;
}

int uds_shutdown(int fd, int how) { return uds_result(uds_abi_sock_shutdown(fd, how)); }

int uds_close(int fd) { return uds_result(uds_abi_sock_close(fd)); }

typedef int32_t name_call(int32_t fd, uint8_t *addr, uint32_t cap, uint32_t *len);

static int ask_name(name_call *call, int fd, struct sockaddr *address, socklen_t *len) {
    if (address == NULL || len == NULL) return fail(EFAULT);
    uint8_t wire[UDS_ADDRESS_MAX];
    uint32_t wire_len;
    if (uds_result(call(fd, wire, sizeof wire, &wire_len)) != 0) return -1;
    uds_address_decode(wire, wire_len, address, len);
    return 0;
}

int uds_getsockname(int fd, struct sockaddr *address, socklen_t *len) {
    return ask_name(uds_abi_sock_getsockname, fd, address, len);
}

int uds_getpeername(int fd, struct sockaddr *address, socklen_t *len) {
    return ask_name(uds_abi_sock_getpeername, fd, address, len);
}

int uds_starttls(int fd, const char *name, const char *ca) {
    if (name == NULL) return fail(EFAULT);
    uint32_t ca_len = ca == NULL ? 0 : (uint32_t)strlen(ca);
    return uds_result(uds_abi_sock_starttls(fd, name, (uint32_t)strlen(name), 0, ca, ca_len, NULL, 0));
}

int uds_error_text(int fd, char *buf, size_t cap) {
    uint32_t len;
    if (uds_result(uds_abi_sock_error_text(fd, buf, cap > 0 ? (uint32_t)cap - 1 : 0, &len)) != 0) return -1;
    if (cap > 0) buf[len < cap ? len : cap - 1] = '\0';
    return (int)len;
}
