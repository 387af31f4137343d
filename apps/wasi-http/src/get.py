"""Fetches http://example.com/ over wasisocket and prints the response."""
import sys

import wasisocket

path = sys.argv[1] if len(sys.argv) > 1 else '/'
request = f'GET {path} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n'

try:
    with wasisocket.create_connection(('example.com', 80), timeout=10) as sock:
        sock.sendall(request.encode('ascii'))
        response = b''
        while chunk := sock.recv(4096):
            response += chunk
except wasisocket.SocketError as failure:
    sys.exit(f'{type(failure).__name__}: {failure}')

print(response.decode('utf-8'))
