/*
 * _wasisocket: the imports of the module `uds_socket` (../ABI.md) as functions of CPython, one for each import.
 *
 * wasisocket.py builds the interface for people on top. Here a socket is a descriptor (int), an address is a tuple
 * (family, port, address bytes), where the bytes of AF_UNIX are its path, and every failure is an OSError with the
 * WASI errno, which Python turns into ConnectionRefusedError and the like by itself.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <uds/abi.h>

#include <errno.h>
#include <string.h>

#define MOST_ADDRESSES 64
#define TEXT_MAX 1024

/* ---- failures ------------------------------------------------------------------------------------------------ */

/* What the host says about the last failure of `fd`; empty when it says nothing. */
static void
host_says(int fd, char text[TEXT_MAX])
{
    uint32_t len = 0;
    if (uds_abi_sock_error_text(fd, text, TEXT_MAX - 1, &len) != 0) {
        len = 0;
    }
    text[len < TEXT_MAX ? len : TEXT_MAX - 1] = '\0';
}

static PyObject *
fail(int32_t code, int fd)
{
    char text[TEXT_MAX] = "";
    /* These two are answers, not failures: they come often and need no explanation. */
    if (code != EAGAIN && code != EINPROGRESS) {
        host_says(fd, text);
    }
    PyObject *said = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    if (said == NULL) {
        return NULL;
    }
    PyObject *message = *text == '\0' ? PyUnicode_FromString(strerror(code))
                                      : PyUnicode_FromFormat("%s: %U", strerror(code), said);
    Py_DECREF(said);
    if (message == NULL) {
        return NULL;
    }
    PyObject *args = Py_BuildValue("(iN)", (int)code, message);
    if (args != NULL) {
        PyErr_SetObject(PyExc_OSError, args);
        Py_DECREF(args);
    }
    return NULL;
}

static PyObject *
none_or_fail(int32_t code, int fd)
{
    if (code != 0) {
        return fail(code, fd);
    }
    Py_RETURN_NONE;
}

/* ---- addresses ----------------------------------------------------------------------------------------------- */

static int
check_port(int port)
{
    if (port < 0 || port > 65535) {
        PyErr_Format(PyExc_OverflowError, "port must be 0-65535, not %d", port);
        return -1;
    }
    return 0;
}

static int
check_address(int family, Py_ssize_t len)
{
    if (family == UDS_AF_UNIX && len > UDS_PATH_MAX) {
        PyErr_Format(PyExc_ValueError, "an AF_UNIX path has at most %d bytes, not %zd", UDS_PATH_MAX, len);
        return -1;
    }
    if (family == UDS_AF_INET && len != 4) {
        PyErr_Format(PyExc_ValueError, "an AF_INET address has 4 bytes, not %zd", len);
        return -1;
    }
    if (family == UDS_AF_INET6 && len != 16) {
        PyErr_Format(PyExc_ValueError, "an AF_INET6 address has 16 bytes, not %zd", len);
        return -1;
    }
    if (family != UDS_AF_UNIX && family != UDS_AF_INET && family != UDS_AF_INET6) {
        PyErr_Format(PyExc_ValueError, "family must be AF_UNIX (1), AF_INET (2) or AF_INET6 (10), not %d", family);
        return -1;
    }
    return 0;
}

/* Gives the length of the address as the ABI has it, or -1 with an exception. */
static int
encode(int family, int port, const Py_buffer *bytes, uint8_t wire[UDS_ADDRESS_MAX])
{
    if (check_port(port) < 0 || check_address(family, bytes->len) < 0) {
        return -1;
    }
    memset(wire, 0, UDS_ADDRESS_MAX);
    wire[0] = (uint8_t)family;
    wire[1] = (uint8_t)(port >> 8);
    wire[2] = (uint8_t)port;
    memcpy(wire + UDS_ADDRESS_HEAD, bytes->buf, (size_t)bytes->len);
    return family == UDS_AF_UNIX ? UDS_ADDRESS_HEAD + (int)bytes->len : UDS_IP_ADDRESS;
}

/* None for no address at all. */
static PyObject *
decode(const uint8_t *wire, uint32_t len)
{
    if (len < UDS_ADDRESS_HEAD) {
        Py_RETURN_NONE;
    }
    if (len > UDS_ADDRESS_MAX) {
        len = UDS_ADDRESS_MAX;
    }
    Py_ssize_t size = wire[0] == UDS_AF_INET ? 4 : (Py_ssize_t)len - UDS_ADDRESS_HEAD;
    return Py_BuildValue("(iiy#)", wire[0], wire[1] << 8 | wire[2], (const char *)wire + UDS_ADDRESS_HEAD, size);
}

/* ---- opening, naming, closing -------------------------------------------------------------------------------- */

PyDoc_STRVAR(sock_open_doc, "sock_open(family, type) -> fd\n\nOpens a socket.");

static PyObject *
sock_open(PyObject *self, PyObject *args)
{
    int family, type;
    int32_t fd;
    if (!PyArg_ParseTuple(args, "ii:sock_open", &family, &type)) {
        return NULL;
    }
    int32_t code = uds_abi_sock_open(family, type, &fd);
    return code != 0 ? fail(code, -1) : PyLong_FromLong(fd);
}

PyDoc_STRVAR(sock_close_doc, "sock_close(fd)\n\nCloses a socket.");

static PyObject *
sock_close(PyObject *self, PyObject *args)
{
    int fd;
    if (!PyArg_ParseTuple(args, "i:sock_close", &fd)) {
        return NULL;
    }
    return none_or_fail(uds_abi_sock_close(fd), fd);
}

PyDoc_STRVAR(sock_resolve_doc,
"sock_resolve(host, port, family=0) -> [(family, port, addr_bytes), ...]\n\n"
"The addresses of a host in the order to try them, at most 64.");

static PyObject *
sock_resolve(PyObject *self, PyObject *args)
{
    const char *host;
    Py_ssize_t host_len;
    int port, family = UDS_AF_UNSPEC;
    if (!PyArg_ParseTuple(args, "s#i|i:sock_resolve", &host, &host_len, &port, &family) || check_port(port) < 0) {
        return NULL;
    }
    uint8_t found[MOST_ADDRESSES][UDS_IP_ADDRESS];
    uint32_t count = 0;
    int32_t code;
    Py_BEGIN_ALLOW_THREADS
    code = uds_abi_sock_resolve(host, (uint32_t)host_len, family, (uint32_t)port, found[0], MOST_ADDRESSES, &count);
    Py_END_ALLOW_THREADS
    if (code != 0) {
        return fail(code, -1);
    }
    PyObject *list = PyList_New(0);
    for (uint32_t i = 0; list != NULL && i < count && i < MOST_ADDRESSES; i++) {
        PyObject *entry = decode(found[i], UDS_IP_ADDRESS);
        if (entry == NULL || PyList_Append(list, entry) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(entry);
    }
    return list;
}

typedef int32_t address_call(int32_t fd, const uint8_t *addr, uint32_t len);

static PyObject *
with_address(address_call *call, const char *format, PyObject *args)
{
    int fd, family, port;
    Py_buffer bytes;
    if (!PyArg_ParseTuple(args, format, &fd, &family, &port, &bytes)) {
        return NULL;
    }
    uint8_t wire[UDS_ADDRESS_MAX];
    int len = encode(family, port, &bytes, wire);
    PyBuffer_Release(&bytes);
    if (len < 0) {
        return NULL;
    }
    int32_t code;
    Py_BEGIN_ALLOW_THREADS
    code = call(fd, wire, (uint32_t)len);
    Py_END_ALLOW_THREADS
    return none_or_fail(code, fd);
}

PyDoc_STRVAR(sock_connect_doc,
"sock_connect(fd, family, port, addr_bytes)\n\n"
"Connects; on a datagram socket names the peer.");

static PyObject *
sock_connect(PyObject *self, PyObject *args)
{
    return with_address(uds_abi_sock_connect, "iiiy*:sock_connect", args);
}

PyDoc_STRVAR(sock_bind_doc, "sock_bind(fd, family, port, addr_bytes)");

static PyObject *
sock_bind(PyObject *self, PyObject *args)
{
    return with_address(uds_abi_sock_bind, "iiiy*:sock_bind", args);
}

PyDoc_STRVAR(sock_connect_host_doc,
"sock_connect_host(fd, host, port)\n\n"
"Has the host resolve a name and connect a stream to it; both families are tried (RFC 8305).");

static PyObject *
sock_connect_host(PyObject *self, PyObject *args)
{
    int fd, port;
    const char *host;
    Py_ssize_t host_len;
    if (!PyArg_ParseTuple(args, "is#i:sock_connect_host", &fd, &host, &host_len, &port) || check_port(port) < 0) {
        return NULL;
    }
    int32_t code;
    Py_BEGIN_ALLOW_THREADS
    code = uds_abi_sock_connect_host(fd, host, (uint32_t)host_len, (uint32_t)port);
    Py_END_ALLOW_THREADS
    return none_or_fail(code, fd);
}

PyDoc_STRVAR(sock_listen_doc, "sock_listen(fd, backlog)");

static PyObject *
sock_listen(PyObject *self, PyObject *args)
{
    int fd, backlog;
    if (!PyArg_ParseTuple(args, "ii:sock_listen", &fd, &backlog)) {
        return NULL;
    }
    return none_or_fail(uds_abi_sock_listen(fd, backlog < 0 ? 0 : backlog), fd);
}

PyDoc_STRVAR(sock_accept_doc,
"sock_accept(fd, nonblocking=False) -> (fd, (family, port, addr_bytes))\n\n"
"Takes the next connection.");

static PyObject *
sock_accept(PyObject *self, PyObject *args)
{
    int fd, nonblocking = 0;
    if (!PyArg_ParseTuple(args, "i|p:sock_accept", &fd, &nonblocking)) {
        return NULL;
    }
    uint8_t wire[UDS_ADDRESS_MAX];
    uint32_t len = 0;
    int32_t accepted, code;
    Py_BEGIN_ALLOW_THREADS
    code = uds_abi_sock_accept(fd, nonblocking, &accepted, wire, sizeof wire, &len);
    Py_END_ALLOW_THREADS
    if (code != 0) {
        return fail(code, fd);
    }
    PyObject *address = decode(wire, len);
    if (address == NULL) {
        uds_abi_sock_close(accepted);
        return NULL;
    }
    return Py_BuildValue("(iN)", (int)accepted, address);
}

typedef int32_t name_call(int32_t fd, uint8_t *addr, uint32_t cap, uint32_t *len);

static PyObject *
ask_name(name_call *call, const char *format, PyObject *args)
{
    int fd;
    if (!PyArg_ParseTuple(args, format, &fd)) {
        return NULL;
    }
    uint8_t wire[UDS_ADDRESS_MAX];
    uint32_t len = 0;
    int32_t code = call(fd, wire, sizeof wire, &len);
    return code != 0 ? fail(code, fd) : decode(wire, len);
}

PyDoc_STRVAR(sock_getsockname_doc, "sock_getsockname(fd) -> (family, port, addr_bytes)");

static PyObject *
sock_getsockname(PyObject *self, PyObject *args)
{
    return ask_name(uds_abi_sock_getsockname, "i:sock_getsockname", args);
}

PyDoc_STRVAR(sock_getpeername_doc, "sock_getpeername(fd) -> (family, port, addr_bytes)");

static PyObject *
sock_getpeername(PyObject *self, PyObject *args)
{
    return ask_name(uds_abi_sock_getpeername, "i:sock_getpeername", args);
}

PyDoc_STRVAR(sock_shutdown_doc, "sock_shutdown(fd, how)\n\nhow: 1 = receiving, 2 = sending, 3 = both.");

static PyObject *
sock_shutdown(PyObject *self, PyObject *args)
{
    int fd, how;
    if (!PyArg_ParseTuple(args, "ii:sock_shutdown", &fd, &how)) {
        return NULL;
    }
    return none_or_fail(uds_abi_sock_shutdown(fd, how), fd);
}

/* ---- bytes --------------------------------------------------------------------------------------------------- */

PyDoc_STRVAR(sock_send_doc, "sock_send(fd, data, flags=0) -> number of bytes sent");

static PyObject *
sock_send(PyObject *self, PyObject *args)
{
    int fd, flags = 0;
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "iy*|i:sock_send", &fd, &data, &flags)) {
        return NULL;
    }
    uint32_t sent = 0;
    int32_t code;
    Py_BEGIN_ALLOW_THREADS
    code = uds_abi_sock_send(fd, data.buf, (uint32_t)data.len, flags, &sent);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&data);
    return code != 0 ? fail(code, fd) : PyLong_FromUnsignedLong(sent);
}

/* The size of a buffer that the caller asks for. */
static PyObject *
new_buffer(Py_ssize_t size)
{
    if (size < 0) {
        PyErr_SetString(PyExc_ValueError, "negative buffersize in recv");
        return NULL;
    }
    return PyBytes_FromStringAndSize(NULL, size);
}

PyDoc_STRVAR(sock_recv_doc,
"sock_recv(fd, bufsize, flags=0) -> bytes\n\n"
"At most bufsize bytes; empty at the end of the stream.");

static PyObject *
sock_recv(PyObject *self, PyObject *args)
{
    int fd, flags = 0;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "in|i:sock_recv", &fd, &size, &flags)) {
        return NULL;
    }
    PyObject *bytes = new_buffer(size);
    if (bytes == NULL) {
        return NULL;
    }
    uint32_t got = 0;
    int32_t code;
    Py_BEGIN_ALLOW_THREADS
    code = uds_abi_sock_recv(fd, PyBytes_AS_STRING(bytes), (uint32_t)size, flags, &got);
    Py_END_ALLOW_THREADS
    if (code != 0) {
        Py_DECREF(bytes);
        return fail(code, fd);
    }
    if ((Py_ssize_t)got != size) {
        _PyBytes_Resize(&bytes, (Py_ssize_t)got);
    }
    return bytes;
}

/* How many bytes of a buffer a call may fill: all, unless the caller wants fewer. Negative with an exception. */
static Py_ssize_t
limit(const Py_buffer *buffer, Py_ssize_t wanted)
{
    if (wanted < 0) {
        PyErr_SetString(PyExc_ValueError, "negative buffersize in recv_into");
        return -1;
    }
    if (wanted > buffer->len) {
        PyErr_SetString(PyExc_ValueError, "buffer too small for requested bytes");
        return -1;
    }
    return wanted == 0 ? buffer->len : wanted;
}

PyDoc_STRVAR(sock_recv_into_doc,
"sock_recv_into(fd, buffer, nbytes=0, flags=0) -> number of bytes\n\n"
"Fills a buffer without a copy; 0 at the end of the stream.");

static PyObject *
sock_recv_into(PyObject *self, PyObject *args)
{
    int fd, flags = 0;
    Py_ssize_t wanted = 0;
    Py_buffer buffer;
    if (!PyArg_ParseTuple(args, "iw*|ni:sock_recv_into", &fd, &buffer, &wanted, &flags)) {
        return NULL;
    }
    Py_ssize_t len = limit(&buffer, wanted);
    uint32_t got = 0;
    int32_t code = 0;
    if (len >= 0) {
        Py_BEGIN_ALLOW_THREADS
        code = uds_abi_sock_recv(fd, buffer.buf, (uint32_t)len, flags, &got);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&buffer);
    if (len < 0) {
        return NULL;
    }
    return code != 0 ? fail(code, fd) : PyLong_FromUnsignedLong(got);
}

PyDoc_STRVAR(sock_sendto_doc, "sock_sendto(fd, data, flags, family, port, addr_bytes) -> number of bytes sent");

static PyObject *
sock_sendto(PyObject *self, PyObject *args)
{
    int fd, flags, family, port;
    Py_buffer data, address;
    if (!PyArg_ParseTuple(args, "iy*iiiy*:sock_sendto", &fd, &data, &flags, &family, &port, &address)) {
        return NULL;
    }
    uint8_t wire[UDS_ADDRESS_MAX];
    int len = encode(family, port, &address, wire);
    PyBuffer_Release(&address);
    uint32_t sent = 0;
    int32_t code = 0;
    if (len >= 0) {
        Py_BEGIN_ALLOW_THREADS
        code = uds_abi_sock_sendto(fd, data.buf, (uint32_t)data.len, flags, wire, (uint32_t)len, &sent);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&data);
    if (len < 0) {
        return NULL;
    }
    return code != 0 ? fail(code, fd) : PyLong_FromUnsignedLong(sent);
}

PyDoc_STRVAR(sock_recvfrom_into_doc,
"sock_recvfrom_into(fd, buffer, nbytes=0, flags=0) -> (number of bytes, truncated, address)\n\n"
"One datagram and its sender, a tuple (family, port, addr_bytes) or None.");

static PyObject *
sock_recvfrom_into(PyObject *self, PyObject *args)
{
    int fd, flags = 0;
    Py_ssize_t wanted = 0;
    Py_buffer buffer;
    if (!PyArg_ParseTuple(args, "iw*|ni:sock_recvfrom_into", &fd, &buffer, &wanted, &flags)) {
        return NULL;
    }
    Py_ssize_t len = limit(&buffer, wanted);
    uint8_t wire[UDS_ADDRESS_MAX];
    uint32_t got = 0, truncated = 0, wire_len = 0;
    int32_t code = 0;
    if (len >= 0) {
        Py_BEGIN_ALLOW_THREADS
        code = uds_abi_sock_recvfrom(fd, buffer.buf, (uint32_t)len, flags, &got, &truncated, wire, sizeof wire,
                                     &wire_len);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&buffer);
    if (len < 0) {
        return NULL;
    }
    if (code != 0) {
        return fail(code, fd);
    }
    PyObject *address = decode(wire, wire_len);
    return address == NULL ? NULL : Py_BuildValue("(ION)", got, truncated ? Py_True : Py_False, address);
}

/* ---- options and waiting ------------------------------------------------------------------------------------- */

PyDoc_STRVAR(sock_setsockopt_doc, "sock_setsockopt(fd, level, name, value)\n\nEvery value is an int.");

static PyObject *
sock_setsockopt(PyObject *self, PyObject *args)
{
    int fd, level, name, value;
    if (!PyArg_ParseTuple(args, "iiii:sock_setsockopt", &fd, &level, &name, &value)) {
        return NULL;
    }
    int32_t number = value;
    return none_or_fail(uds_abi_sock_setsockopt(fd, level, name, &number, sizeof number), fd);
}

PyDoc_STRVAR(sock_getsockopt_doc, "sock_getsockopt(fd, level, name) -> int");

static PyObject *
sock_getsockopt(PyObject *self, PyObject *args)
{
    int fd, level, name;
    if (!PyArg_ParseTuple(args, "iii:sock_getsockopt", &fd, &level, &name)) {
        return NULL;
    }
    int32_t number = 0;
    uint32_t len = 0;
    int32_t code = uds_abi_sock_getsockopt(fd, level, name, &number, sizeof number, &len);
    return code != 0 ? fail(code, fd) : PyLong_FromLong(number);
}

PyDoc_STRVAR(sock_set_nonblocking_doc, "sock_set_nonblocking(fd, on)");

static PyObject *
sock_set_nonblocking(PyObject *self, PyObject *args)
{
    int fd, on;
    if (!PyArg_ParseTuple(args, "ip:sock_set_nonblocking", &fd, &on)) {
        return NULL;
    }
    return none_or_fail(uds_abi_sock_set_nonblocking(fd, on), fd);
}

PyDoc_STRVAR(sock_set_timeout_doc,
"sock_set_timeout(fd, which, ms)\n\n"
"which: 1 = recv and accept, 2 = send, connect and starttls, 3 = both; ms: -1 = for ever.");

static PyObject *
sock_set_timeout(PyObject *self, PyObject *args)
{
    int fd, which, ms;
    if (!PyArg_ParseTuple(args, "iii:sock_set_timeout", &fd, &which, &ms)) {
        return NULL;
    }
    return none_or_fail(uds_abi_sock_set_timeout(fd, which, ms), fd);
}

static int
read_entry(PyObject *item, uds_abi_pollfd *entry)
{
    int fd, events;
    if (!PyArg_ParseTuple(item, "ii;sock_poll wants tuples (fd, events)", &fd, &events)) {
        return -1;
    }
    *entry = (uds_abi_pollfd){.fd = fd, .events = (uint16_t)events};
    return 0;
}

static PyObject *
ready_entries(const uds_abi_pollfd *entries, Py_ssize_t count)
{
    PyObject *list = PyList_New(0);
    for (Py_ssize_t i = 0; list != NULL && i < count; i++) {
        if (entries[i].revents == 0) {
            continue;
        }
        PyObject *item = Py_BuildValue("(ii)", (int)entries[i].fd, (int)entries[i].revents);
        if (item == NULL || PyList_Append(list, item) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(item);
    }
    return list;
}

PyDoc_STRVAR(sock_poll_doc,
"sock_poll([(fd, events), ...], timeout_ms=-1) -> [(fd, revents), ...]\n\n"
"Waits until a descriptor is ready and gives those that are; events are POLLIN 1 and POLLOUT 4.");

static PyObject *
sock_poll(PyObject *self, PyObject *args)
{
    PyObject *wanted;
    int timeout_ms = -1;
    if (!PyArg_ParseTuple(args, "O|i:sock_poll", &wanted, &timeout_ms)) {
        return NULL;
    }
    PyObject *sequence = PySequence_Tuple(wanted);
    if (sequence == NULL) {
        return NULL;
    }
    Py_ssize_t count = PyTuple_GET_SIZE(sequence);
    PyObject *result = NULL;
    uds_abi_pollfd *entries = PyMem_New(uds_abi_pollfd, count == 0 ? 1 : count);
    if (entries == NULL) {
        PyErr_NoMemory();
        goto end;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyTuple_GET_ITEM(sequence, i);
        if (!PyTuple_Check(item)) {
            PyErr_SetString(PyExc_TypeError, "sock_poll wants tuples (fd, events)");
            goto end;
        }
        if (read_entry(item, &entries[i]) < 0) {
            goto end;
        }
    }
    uint32_t ready = 0;
    int32_t code;
    Py_BEGIN_ALLOW_THREADS
    code = uds_abi_sock_poll(entries, (uint32_t)count, timeout_ms, &ready);
    Py_END_ALLOW_THREADS
    result = code != 0 ? fail(code, -1) : ready_entries(entries, count);
end:
    PyMem_Free(entries);
    Py_DECREF(sequence);
    return result;
}

/* ---- TLS and explanations ------------------------------------------------------------------------------------ */

PyDoc_STRVAR(sock_starttls_doc,
"sock_starttls(fd, server_name, flags=0, ca=b'', alpn=b'')\n\n"
"Starts TLS at the host on a connected stream; afterwards plain bytes are sent and received.\n"
"flags: 1 = do not verify the certificate, 2 = do not check its name. ca: PEM. alpn: wire form.");

static PyObject *
sock_starttls(PyObject *self, PyObject *args)
{
    int fd, flags = 0;
    const char *name, *ca = "", *alpn = "";
    Py_ssize_t name_len, ca_len = 0, alpn_len = 0;
    if (!PyArg_ParseTuple(args, "is#|iy#y#:sock_starttls", &fd, &name, &name_len, &flags, &ca, &ca_len, &alpn,
                          &alpn_len)) {
        return NULL;
    }
    int32_t code;
    Py_BEGIN_ALLOW_THREADS
    code = uds_abi_sock_starttls(fd, name, (uint32_t)name_len, flags, ca, (uint32_t)ca_len, (const uint8_t *)alpn,
                                 (uint32_t)alpn_len);
    Py_END_ALLOW_THREADS
    return none_or_fail(code, fd);
}

PyDoc_STRVAR(sock_tls_info_doc,
"sock_tls_info(fd, what) -> bytes\n\n"
"what: 0 = the protocol, 1 = the cipher, 2 = the ALPN protocol, 3 = the peer's certificate (DER).");

static PyObject *
sock_tls_info(PyObject *self, PyObject *args)
{
    int fd, what;
    if (!PyArg_ParseTuple(args, "ii:sock_tls_info", &fd, &what)) {
        return NULL;
    }
    uint32_t len = 0;
    int32_t code = uds_abi_sock_tls_info(fd, what, NULL, 0, &len);
    if (code != 0) {
        return fail(code, fd);
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)len);
    if (bytes == NULL || len == 0) {
        return bytes;
    }
    code = uds_abi_sock_tls_info(fd, what, PyBytes_AS_STRING(bytes), len, &len);
    if (code != 0) {
        Py_DECREF(bytes);
        return fail(code, fd);
    }
    return bytes;
}

PyDoc_STRVAR(sock_error_text_doc,
"sock_error_text(fd=-1) -> str\n\n"
"Why the last call on a descriptor failed, in the host's words; -1 = the last failure of all.");

static PyObject *
sock_error_text(PyObject *self, PyObject *args)
{
    int fd = -1;
    if (!PyArg_ParseTuple(args, "|i:sock_error_text", &fd)) {
        return NULL;
    }
    char text[TEXT_MAX];
    host_says(fd, text);
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

/* ---- the module ---------------------------------------------------------------------------------------------- */

#define METHOD(name) {#name, name, METH_VARARGS, name##_doc}

static PyMethodDef methods[] = {
    METHOD(sock_open),
    METHOD(sock_close),
    METHOD(sock_resolve),
    METHOD(sock_connect),
    METHOD(sock_connect_host),
    METHOD(sock_bind),
    METHOD(sock_listen),
    METHOD(sock_accept),
    METHOD(sock_getsockname),
    METHOD(sock_getpeername),
    METHOD(sock_shutdown),
    METHOD(sock_send),
    METHOD(sock_recv),
    METHOD(sock_recv_into),
    METHOD(sock_sendto),
    METHOD(sock_recvfrom_into),
    METHOD(sock_setsockopt),
    METHOD(sock_getsockopt),
    METHOD(sock_set_nonblocking),
    METHOD(sock_set_timeout),
    METHOD(sock_poll),
    METHOD(sock_starttls),
    METHOD(sock_tls_info),
    METHOD(sock_error_text),
    {NULL, NULL, 0, NULL},
};

/* The numbers of ../ABI.md, so that wasisocket.py repeats none. */
static const struct {
    const char *name;
    int value;
} numbers[] = {
    {"AF_UNSPEC", UDS_AF_UNSPEC},
    {"AF_UNIX", UDS_AF_UNIX},
    {"AF_INET", UDS_AF_INET},
    {"AF_INET6", UDS_AF_INET6},
    {"SOCK_STREAM", UDS_SOCK_STREAM},
    {"SOCK_DGRAM", UDS_SOCK_DGRAM},
    {"MSG_PEEK", UDS_PEEK},
    {"MSG_WAITALL", UDS_WAITALL},
    {"MSG_DONTWAIT", UDS_DONTWAIT},
    {"POLLIN", UDS_POLLIN},
    {"POLLOUT", UDS_POLLOUT},
    {"POLLERR", UDS_POLLERR},
    {"POLLHUP", UDS_POLLHUP},
    {"POLLNVAL", UDS_POLLNVAL},
};

static int
execute(PyObject *module)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (PyModule_AddIntConstant(module, numbers[i].name, numbers[i].value) < 0) {
            return -1;
        }
    }
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    {0, NULL},
};

PyDoc_STRVAR(module_doc, "The socket calls that @uds/wasi-host gives to a WASI guest. See wasisocket.");

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_wasisocket",
    .m_doc = module_doc,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__wasisocket(void)
{
    return PyModuleDef_Init(&definition);
}
