#!/usr/bin/env escript
%% A peer in Erlang: client PATH CLOSED, server PATH, bind PATH... (see languages.test.ts). Role kept: a server with
%% exit_on_close turned off.
main([Role | Arguments]) ->
    Paths = [plain(Each) || Each <- Arguments],
    case {Role, Paths} of
        {"client", [Path, Closed]} -> client(Path, Closed);
        {"server", [Path]} -> server(Path, []);
        {"kept", [Path]} -> server(Path, [{exit_on_close, false}]);
        {"bind", _} ->
            Kept = [bound(Each) || Each <- Paths],
            io:get_line(""),
            Kept
    end.

plain("@" ++ Name) -> [0 | Name];
plain(Path) -> Path.

dial(Path) ->
    {ok, Socket} = gen_tcp:connect({local, Path}, 0, [binary, {active, false}]),
    Socket.

all(Socket, Before) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Part} -> all(Socket, <<Before/binary, Part/binary>>);
        {error, _} -> Before
    end.

client(Path, Closed) ->
    Socket = dial(Path),
    ok = gen_tcp:send(Socket, "hello\n"),
    ok = gen_tcp:shutdown(Socket, write),
    io:put_chars(all(Socket, <<>>)),
    Other = dial(Closed),
    all(Other, <<>>),
    case gen_tcp:send(Other, "x") of
        ok -> io:put_chars("written\n");
        {error, Reason} -> io:format("error: ~p~n", [Reason])
    end.

listener(Path, Options) ->
    gen_tcp:listen(0, [binary, {active, false}, {ifaddr, {local, Path}} | Options]).

server(Path, Options) ->
    {ok, Listener} = listener(Path, Options),
    io:put_chars("bound\n"),
    {ok, Client} = gen_tcp:accept(Listener),
    All = all(Client, <<>>),
    timer:sleep(50),
    gen_tcp:send(Client, [<<"late:">>, All]),
    gen_tcp:close(Client).

bound(Path) ->
    try listener(Path, []) of
        {ok, Listener} -> io:put_chars("ok\n"), Listener;
        {error, Reason} -> io:format("no: ~p~n", [Reason])
    catch
        _:Reason -> io:format("no: ~p~n", [Reason])
    end.
