//! echo-server COUNT: echoes on the listener that the host has opened as descriptor 3, with nothing but Rust's std.
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::wasi::io::FromRawFd;

fn main() -> std::io::Result<()> {
    let count: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).expect("usage: echo-server COUNT");
    // The host says in its options that descriptor 3 is a listener.
    let listener = unsafe { TcpListener::from_raw_fd(3) };
    println!("listening");
    for _ in 0..count {
        let (mut stream, _) = listener.accept()?;
        let mut buffer = [0; 16384];
        loop {
            let got = stream.read(&mut buffer)?;
            if got == 0 {
                break;
            }
            stream.write_all(&buffer[..got])?;
        }
    }
    println!("served");
    Ok(())
}
