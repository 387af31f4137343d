% A peer in SWI-Prolog: client PATH CLOSED, server PATH, bind PATH... (see languages.test.ts).
:- use_module(library(socket)).
:- use_module(library(readutil)).
:- initialization(main, main).

main([Role | Arguments]) :-
    maplist(plain, Arguments, Paths),
    act(Role, Paths).

plain(Text, Path) :-
    (   atom_concat(@, Name, Text)
    ->  char_code(Nul, 0),
        atom_concat(Nul, Name, Path)
    ;   Path = Text
    ).

dial(Path, In, Out) :-
    unix_domain_socket(Socket),
    tcp_connect(Socket, Path),
    tcp_open_socket(Socket, In, Out).

listener(Path, Socket) :-
    unix_domain_socket(Socket),
    tcp_bind(Socket, Path),
    tcp_listen(Socket, 5).

say(Format, Arguments) :-
    format(Format, Arguments),
    flush_output.

act(client, [Path, Closed]) :-
    dial(Path, In, Out),
    write(Out, 'hello\n'),
    close(Out),
    read_string(In, _, Reply),
    say("~s", [Reply]),
    dial(Closed, ClosedIn, ClosedOut),
    read_string(ClosedIn, _, _),
    catch(( write(ClosedOut, x), flush_output(ClosedOut), say("written~n", []) ),
          error(Error, _),
          say("error: ~w~n", [Error])),
    halt.
act(server, [Path]) :-
    listener(Path, Socket),
    say("bound~n", []),
    tcp_accept(Socket, Client, _),
    tcp_open_socket(Client, In, Out),
    read_string(In, _, All),
    sleep(0.05),
    format(Out, "late:~s", [All]),
    close(Out),
    halt.
act(bind, Paths) :-
    maplist(bound, Paths),
    read_string(user_input, _, _),
    halt.

bound(Path) :-
    catch(( listener(Path, _), say("ok~n", []) ), error(Error, _), say("no: ~w~n", [Error])).
