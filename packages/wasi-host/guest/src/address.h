/* Between the sockaddr structures of wasi-libc and the addresses of the ABI. Private to this library. */
#ifndef UDS_ADDRESS_H
#define UDS_ADDRESS_H

#include <uds/abi.h>
#include <uds/socket.h>

/* Sets errno and gives -1 for a WASI errno, 0 for success: the one place where a failure becomes errno. */
int uds_result(int32_t code);

/* wasi-libc's AF_ number as the ABI's, or -1. */
int uds_family_to_abi(int family);
int uds_family_from_abi(int family);

/* Gives a WASI errno. `wire` has room for UDS_ADDRESS_MAX bytes. */
int uds_address_encode(const struct sockaddr *address, socklen_t len, uint8_t *wire, uint32_t *wire_len);

/* As getsockname(2) does it: fills at most *len bytes and sets *len to the size of the whole address. */
void uds_address_decode(const uint8_t *wire, uint32_t wire_len, struct sockaddr *address, socklen_t *len);

#endif
