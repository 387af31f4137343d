// A peer in Pike: client PATH CLOSED, server PATH, bind PATH... (see languages.test.ts).
string plain(string path) { return path[0] == '@' ? "\0" + path[1..] : path; }

Stdio.File dial(string path)
{
  Stdio.File socket = Stdio.File();
  if (!socket->connect_unix(path)) error("connect: %s\n", strerror(socket->errno()));
  return socket;
}

int main(int count, array(string) arguments)
{
  string role = arguments[1];
  array(string) paths = map(arguments[2..], plain);
  if (role == "client") {
    Stdio.File socket = dial(paths[0]);
    socket->write("hello\n");
    socket->close("w");
    write(socket->read());
    Stdio.File closed = dial(paths[1]);
    closed->read();
    if (closed->write("x") == 1) write("written\n");
    else write("error: %s\n", strerror(closed->errno()));
  } else if (role == "server") {
    Stdio.Port port = Stdio.Port();
    if (!port->bind_unix(paths[0])) error("bind: %s\n", strerror(port->errno()));
    write("bound\n");
    Stdio.File client = port->accept();
    string all = client->read();
    sleep(0.05);
    client->write("late:" + all);
    client->close();
  } else {
    array(Stdio.Port) kept = ({});
    foreach (paths, string path) {
      Stdio.Port port = Stdio.Port();
      kept += ({ port });
      if (port->bind_unix(path)) write("ok\n");
      else write("no: %s\n", strerror(port->errno()));
    }
    Stdio.stdin->read();
  }
  return 0;
}
