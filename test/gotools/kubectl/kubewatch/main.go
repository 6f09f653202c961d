// SPDX-License-Identifier: Apache-2.0

// kubewatch: a shared informer of client-go over one resource, as every Kubernetes controller has it. Prints a line per
// event, "synced" after the first list, and goes on until it is killed.
// Usage: kubewatch KUBECONFIG GROUP VERSION PLURAL
package main

import (
	"fmt"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func name(object any) string {
	if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = tombstone.Obj
	}
	m := object.(metav1.Object)
	return m.GetNamespace() + "/" + m.GetName()
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: kubewatch KUBECONFIG GROUP VERSION PLURAL")
		os.Exit(2)
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	client := dynamic.NewForConfigOrDie(config)
	informer := dynamicinformer.NewDynamicSharedInformerFactory(client, 10*time.Hour).ForResource(
		schema.GroupVersionResource{Group: os.Args[2], Version: os.Args[3], Resource: os.Args[4]}).Informer()
	informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { fmt.Println("added", name(object)) },
		UpdateFunc: func(_, object any) { fmt.Println("modified", name(object)) },
		DeleteFunc: func(object any) { fmt.Println("deleted", name(object)) },
	})
	stop := make(chan struct{})
	go informer.Run(stop)
	if !cache.WaitForCacheSync(stop, informer.HasSynced) {
		os.Exit(1)
	}
	fmt.Println("synced")
	select {}
}
