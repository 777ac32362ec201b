exec "$PYTHON" - <<'PY'
import asyncio, multiprocessing, os, socket, sqlite3, subprocess, tempfile, threading
threads = [threading.Thread(target=sum, args=([1],)) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(multiprocessing.get_context("fork").Pool(2).map(abs, [-1, -2]))
print(multiprocessing.Value("i", 3).value, multiprocessing.get_context("spawn").Queue().empty())
print(subprocess.run(["true"]).returncode, socket.if_nameindex(), socket.getaddrinfo("127.0.0.1", 80)[0][0])
a, b = socket.socketpair()
a.send(b"x")
socket.create_server(("127.0.0.1", 0)).close()
asyncio.run(asyncio.create_subprocess_exec("true"))
file = tempfile.NamedTemporaryFile()
os.chmod(file.name, 0o2755)
os.mkfifo("/tmp/fifo")
os.memfd_create("m")
os.sched_setaffinity(0, os.sched_getaffinity(0))
sqlite3.connect("/tmp/db").execute("create table t(x)")
PY
