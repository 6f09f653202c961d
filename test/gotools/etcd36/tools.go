// SPDX-License-Identifier: Apache-2.0

//go:build tools

// The programs that ../build compiles, so that go.mod pins them and all they use.
package tools

import (
	_ "go.etcd.io/etcd/etcdctl/v3"
	_ "go.etcd.io/etcd/etcdutl/v3"
	_ "go.etcd.io/etcd/server/v3"
)
