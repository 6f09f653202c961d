// SPDX-License-Identifier: Apache-2.0

// kubectl of the pinned version: the same few lines as k8s.io/kubernetes' cmd/kubectl/kubectl.go, which is no module
// of its own.
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
