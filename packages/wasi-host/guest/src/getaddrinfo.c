#include "address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ADDRESSES 16
#define KNOWN_FLAGS \
    (UDS_AI_PASSIVE | UDS_AI_CANONNAME | UDS_AI_NUMERICHOST | UDS_AI_ADDRCONFIG | UDS_AI_NUMERICSERV)

/* The addresses found, as the ABI writes them. */
struct found {
    uint8_t wire[MOST_ADDRESSES][UDS_IP_ADDRESS];
    uint32_t count;
};

/* One allocation for each entry, so that freeaddrinfo is a walk. */
struct entry {
    struct uds_addrinfo info;
    struct sockaddr_in6 address; /* the larger of the two */
    char name[];
};

static int parse_service(const char *service, uint16_t *port) {
    *port = 0;
    if (service == NULL || *service == '\0') return 0;
    uint32_t number = 0;
    for (const char *digit = service; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9') return UDS_EAI_SERVICE;
        number = number * 10 + (uint32_t)(*digit - '0');
        if (number > 65535) return UDS_EAI_SERVICE;
    }
    *port = (uint16_t)number;
    return 0;
}

static void add(struct found *found, int family, uint16_t port, const void *bytes) {
    uint8_t *wire = found->wire[found->count++];
    memset(wire, 0, UDS_IP_ADDRESS);
    wire[0] = (uint8_t)family;
    wire[1] = (uint8_t)(port >> 8);
    wire[2] = (uint8_t)port;
    memcpy(wire + UDS_ADDRESS_HEAD, bytes, family == UDS_AF_INET ? 4 : 16);
}

/* Without a name: the addresses to listen on, or the loopback ones. */
static void add_own(struct found *found, int family, uint16_t port, int passive) {
    static const uint8_t any[16], loopback4[4] = {127, 0, 0, 1}, loopback6[16] = {[15] = 1};
    if (family != UDS_AF_INET) add(found, UDS_AF_INET6, port, passive ? any : loopback6);
    if (family != UDS_AF_INET6) add(found, UDS_AF_INET, port, passive ? any : loopback4);
}

/* IP text needs no host and no permission. */
static int add_numeric(struct found *found, const char *host, int family, uint16_t port) {
    uint8_t bytes[16];
    int text = inet_pton(AF_INET, host, bytes) == 1    ? UDS_AF_INET
               : inet_pton(AF_INET6, host, bytes) == 1 ? UDS_AF_INET6
                                                       : UDS_AF_UNSPEC;
    if (text == UDS_AF_UNSPEC) return 0;
    if (family != UDS_AF_UNSPEC && family != text) return UDS_EAI_NONAME;
    add(found, text, port, bytes);
    return 0;
}

static int add_resolved(struct found *found, const char *host, int family, uint16_t port) {
    int32_t code = uds_abi_sock_resolve(host, (uint32_t)strlen(host), family, port, found->wire[0], MOST_ADDRESSES,
                                        &found->count);
    if (code == 0) return found->count > 0 ? 0 : UDS_EAI_NONAME;
    if (code == ENOENT) return UDS_EAI_NONAME;
    if (code == EAGAIN) return UDS_EAI_AGAIN;
    errno = code;
    return UDS_EAI_SYSTEM;
}

static int find(struct found *found, const char *host, int family, uint16_t port, int flags) {
    if (host == NULL) {
        add_own(found, family, port, (flags & UDS_AI_PASSIVE) != 0);
        return 0;
    }
    int code = add_numeric(found, host, family, port);
    if (code != 0 || found->count > 0) return code;
    if ((flags & UDS_AI_NUMERICHOST) != 0) return UDS_EAI_NONAME;
    return add_resolved(found, host, family, port);
}

static struct uds_addrinfo *make_entry(const uint8_t *wire, int type, const char *name) {
    size_t name_size = name == NULL ? 0 : strlen(name) + 1;
    struct entry *entry = calloc(1, sizeof *entry + name_size);
    if (entry == NULL) return NULL;
    socklen_t len = sizeof entry->address;
    uds_address_decode(wire, UDS_IP_ADDRESS, (struct sockaddr *)&entry->address, &len);
    entry->info = (struct uds_addrinfo){
        .ai_family = uds_family_from_abi(wire[0]),
        .ai_socktype = type,
        .ai_protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP,
        .ai_addrlen = len,
        .ai_addr = (struct sockaddr *)&entry->address,
    };
    if (name != NULL) entry->info.ai_canonname = memcpy(entry->name, name, name_size);
    return &entry->info;
}

static int make_list(const struct found *found, int type, const char *name, struct uds_addrinfo **result) {
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    struct uds_addrinfo *first = NULL, **end = &first;
    for (uint32_t i = 0; i < found->count; i++) {
        for (int t = 0; t < 2; t++) {
            if (type != 0 && type != types[t]) continue;
            *end = make_entry(found->wire[i], types[t], first == NULL ? name : NULL);
            if (*end == NULL) {
                uds_freeaddrinfo(first);
                return UDS_EAI_MEMORY;
            }
            end = &(*end)->ai_next;
        }
    }
    *result = first;
    return 0;
}

int uds_getaddrinfo(const char *host, const char *service, const struct uds_addrinfo *hints,
                    struct uds_addrinfo **result) {
    int flags = hints == NULL ? 0 : hints->ai_flags;
    int type = hints == NULL ? 0 : hints->ai_socktype;
    int family = uds_family_to_abi(hints == NULL ? AF_UNSPEC : hints->ai_family);
    uint16_t port;
    if (host == NULL && service == NULL) return UDS_EAI_NONAME;
    if ((flags & ~KNOWN_FLAGS) != 0) return UDS_EAI_BADFLAGS;
    if ((flags & UDS_AI_CANONNAME) != 0 && host == NULL) return UDS_EAI_BADFLAGS;
    if (family < 0 || family == UDS_AF_UNIX) return UDS_EAI_FAMILY;
    if (type != 0 && type != SOCK_STREAM && type != SOCK_DGRAM) return UDS_EAI_SOCKTYPE;
    int code = parse_service(service, &port);
    if (code != 0) return code;
    struct found found = {.count = 0};
    code = find(&found, host, family, port, flags);
    if (code != 0) return code;
    return make_list(&found, type, (flags & UDS_AI_CANONNAME) != 0 ? host : NULL, result);
}

void uds_freeaddrinfo(struct uds_addrinfo *list) {
    while (list != NULL) {
        struct uds_addrinfo *next = list->ai_next;
        free(list); /* the first member of its entry */
        list = next;
    }
}

const char *uds_gai_strerror(int code) {
    switch (code) {
    case 0: return "Success";
    case UDS_EAI_BADFLAGS: return "Bad value for ai_flags";
    case UDS_EAI_NONAME: return "Name or service not known";
    case UDS_EAI_AGAIN: return "Temporary failure in name resolution";
    case UDS_EAI_FAIL: return "Non-recoverable failure in name resolution";
    case UDS_EAI_FAMILY: return "ai_family not supported";
    case UDS_EAI_SOCKTYPE: return "ai_socktype not supported";
    case UDS_EAI_SERVICE: return "The service is no decimal port number";
    case UDS_EAI_MEMORY: return "Memory allocation failure";
    case UDS_EAI_SYSTEM: return "System error: see errno and uds_error_text";
    default: return "Unknown error";
    }
}
