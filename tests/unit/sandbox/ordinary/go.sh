mkdir /tmp/g
cd /tmp/g
export HOME=/tmp GOCACHE=/tmp/gc GO111MODULE=off GOFLAGS=-p=2
cat > a.go <<'GO'
package main

import (
	"fmt"
	"net"
)

func main() {
	interfaces, err := net.Interfaces()
	fmt.Println(len(interfaces), err)
}
GO
go build -o a a.go
./a
