// SPDX-License-Identifier: Apache-2.0

//go:build tools

// The program that ../build compiles, so that go.mod pins it and all it uses.
package tools

import _ "go.etcd.io/bbolt/cmd/bbolt"
