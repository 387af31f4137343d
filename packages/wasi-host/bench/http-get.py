"""GETs over one connection by http.client. Usage: http-get.py given|dialled|native PORT; prints microseconds for one."""
import sys
import time

how, port = sys.argv[1], int(sys.argv[2])
if how == "dialled":
    import wasisocket

    wasisocket.install()

import http.client
import socket

BATCH, BATCHES = 50, 12

connection = http.client.HTTPConnection("127.0.0.1", port, timeout=None if how == "given" else 60)
if how == "given":
    connection.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, 3)


def get():
    connection.request("GET", "/")
    if len(connection.getresponse().read()) != 1024:
        raise SystemExit("the answer is short")


best = float("inf")
for _ in range(BATCHES):
    began = time.perf_counter()
    for _ in range(BATCH):
        get()
    best = min(best, time.perf_counter() - began)
print(best / BATCH * 1e6)
