"""A peer in Python: client PATH CLOSED, server PATH, bind PATH... (see languages.test.ts)."""
import socket
import sys
import time

role, *paths = sys.argv[1:]
paths = ['\0' + each[1:] if each.startswith('@') else each for each in paths]


def dial(path):
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(path)
    return stream


def read_all(stream):
    parts = []
    while part := stream.recv(4096):
        parts.append(part)
    return b''.join(parts)


def listener(path):
    stream = socket.socket(socket.AF_UNIX)
    stream.bind(path)
    stream.listen(5)
    return stream


if role == 'client':
    stream = dial(paths[0])
    stream.sendall(b'hello\n')
    stream.shutdown(socket.SHUT_WR)
    print(read_all(stream).decode(), end='')
    closed = dial(paths[1])
    read_all(closed)
    try:
        closed.send(b'x')
        print('written')
    except OSError as error:
        print('error:', error.strerror)
elif role == 'server':
    stream = listener(paths[0])
    print('bound', flush=True)
    client, _ = stream.accept()
    whole = read_all(client)
    time.sleep(0.05)
    client.sendall(b'late:' + whole)
    client.close()
else:
    kept = []
    for path in paths:
        try:
            kept.append(listener(path))
            print('ok', flush=True)
        except OSError as error:
            print('no:', error.strerror or error, flush=True)
    sys.stdin.read()
