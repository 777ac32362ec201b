cd /tmp
echo 'fn main() { std::thread::spawn(|| println!("hi")).join().unwrap(); }' > a.rs
rustc -o a a.rs
./a
