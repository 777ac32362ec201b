cat > /tmp/a.cc <<'C'
#include <iostream>
#include <thread>
int main() {
  std::thread t([] { std::cout << 1; });
  t.join();
}
C
g++ -pthread -o /tmp/a /tmp/a.cc
/tmp/a
