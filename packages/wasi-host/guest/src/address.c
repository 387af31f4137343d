#include "address.h"

#include <string.h>

#define PATH_OFFSET offsetof(struct uds_sockaddr_un, sun_path)

int uds_result(int32_t code) {
    if (code == 0) return 0;
    errno = code;
    return -1;
}

int uds_family_to_abi(int family) {
    switch (family) {
    case AF_UNSPEC: return UDS_AF_UNSPEC;
    case AF_UNIX: return UDS_AF_UNIX;
    case AF_INET: return UDS_AF_INET;
    case AF_INET6: return UDS_AF_INET6;
    default: return -1;
    }
}

int uds_family_from_abi(int family) {
    switch (family) {
    case UDS_AF_UNIX: return AF_UNIX;
    case UDS_AF_INET: return AF_INET;
    case UDS_AF_INET6: return AF_INET6;
    default: return AF_UNSPEC;
    }
}

static int encode_path(const struct uds_sockaddr_un *address, socklen_t len, uint8_t *wire, uint32_t *wire_len) {
    if (len > sizeof *address) return EINVAL;
    size_t path_len = len - PATH_OFFSET;
    /* Linux' abstract names begin with NUL and may hold others: unix(7). A path ends at the first. */
    if (path_len > 0 && address->sun_path[0] != '\0') {
        const char *end = memchr(address->sun_path, '\0', path_len);
        if (end != NULL) path_len = (size_t)(end - address->sun_path);
    }
    if (path_len > UDS_PATH_MAX) return ENAMETOOLONG;
    memcpy(wire + UDS_ADDRESS_HEAD, address->sun_path, path_len);
    *wire_len = (uint32_t)(UDS_ADDRESS_HEAD + path_len);
    return 0;
}

int uds_address_encode(const struct sockaddr *address, socklen_t len, uint8_t *wire, uint32_t *wire_len) {
    if (address == NULL) return EFAULT;
    if (len < sizeof address->sa_family) return EINVAL;
    int family = uds_family_to_abi(address->sa_family);
    if (family <= 0) return EAFNOSUPPORT;
    memset(wire, 0, UDS_ADDRESS_MAX);
    wire[0] = (uint8_t)family;
    if (family == UDS_AF_UNIX) {
        return encode_path((const struct uds_sockaddr_un *)(const void *)address, len, wire, wire_len);
    }
    *wire_len = UDS_IP_ADDRESS;
    if (family == UDS_AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        if (len < sizeof *in) return EINVAL;
        memcpy(wire + 1, &in->sin_port, 2); /* both are in network order */
        memcpy(wire + UDS_ADDRESS_HEAD, &in->sin_addr, 4);
        return 0;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    if (len < sizeof *in6) return EINVAL;
    memcpy(wire + 1, &in6->sin6_port, 2);
    memcpy(wire + UDS_ADDRESS_HEAD, &in6->sin6_addr, 16);
    return 0;
}

static void give(const void *whole, size_t size, struct sockaddr *address, socklen_t *len) {
    if (address != NULL) memcpy(address, whole, *len < size ? *len : size);
    *len = (socklen_t)size;
}

void uds_address_decode(const uint8_t *wire, uint32_t wire_len, struct sockaddr *address, socklen_t *len) {
    if (len == NULL) return;
    if (wire_len > UDS_ADDRESS_MAX) wire_len = UDS_ADDRESS_MAX;
    if (wire_len >= UDS_IP_ADDRESS && wire[0] == UDS_AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET};
        memcpy(&in.sin_port, wire + 1, 2);
        memcpy(&in.sin_addr, wire + UDS_ADDRESS_HEAD, 4);
        give(&in, sizeof in, address, len);
    } else if (wire_len >= UDS_IP_ADDRESS && wire[0] == UDS_AF_INET6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
        memcpy(&in6.sin6_port, wire + 1, 2);
        memcpy(&in6.sin6_addr, wire + UDS_ADDRESS_HEAD, 16);
        give(&in6, sizeof in6, address, len);
    } else if (wire_len >= UDS_ADDRESS_HEAD && wire[0] == UDS_AF_UNIX) {
        struct uds_sockaddr_un un = {.sun_family = AF_UNIX};
        size_t path_len = wire_len - UDS_ADDRESS_HEAD;
        if (path_len >= sizeof un.sun_path) path_len = sizeof un.sun_path - 1;
        memcpy(un.sun_path, wire + UDS_ADDRESS_HEAD, path_len);
        /* Linux counts the closing NUL of a path, but an unnamed address is the family alone. */
        give(&un, PATH_OFFSET + path_len + (path_len > 0 && un.sun_path[0] != '\0'), address, len);
    } else {
        struct sockaddr unknown = {.sa_family = AF_UNSPEC};
        give(&unknown, sizeof unknown.sa_family, address, len);
    }
}
