<?php
// A peer in PHP: client PATH CLOSED, server PATH, bind PATH... (see languages.test.ts).
error_reporting(0);
[, $role] = $argv;
$paths = array_map(fn ($each) => 'unix://' . preg_replace('/^@/', "\0", $each), array_slice($argv, 2));
if ($role === 'client') {
    $socket = stream_socket_client($paths[0]);
    fwrite($socket, "hello\n");
    stream_socket_shutdown($socket, STREAM_SHUT_WR);
    echo stream_get_contents($socket);
    $closed = stream_socket_client($paths[1]);
    stream_get_contents($closed);
    echo fwrite($closed, 'x') === false ? 'error: ' . error_get_last()['message'] . "\n" : "written\n";
} elseif ($role === 'server') {
    $listener = stream_socket_server($paths[0]);
    echo "bound\n";
    $client = stream_socket_accept($listener);
    $all = stream_get_contents($client);
    usleep(50000);
    fwrite($client, "late:$all");
} else {
    $kept = [];
    foreach ($paths as $path) {
        $kept[] = $listener = stream_socket_server($path, $code, $message);
        echo $listener ? "ok\n" : "no: $code \"$message\"\n";
    }
    stream_get_contents(STDIN);
}
