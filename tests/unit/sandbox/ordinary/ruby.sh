exec ruby - <<'RB'
require 'socket'
Thread.new { `true` }.join
p Socket.getifaddrs.size
fork { exit! }
Process.wait
RB
