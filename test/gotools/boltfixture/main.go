// SPDX-License-Identifier: Apache-2.0

// boltfixture lets the real bbolt make files for our reader and judge files of our builder.
//
//	boltfixture generate DIR        writes the fixtures of src/bolt/testdata: NAME.db, and NAME.dump, its content as text
//	boltfixture dump FILE           prints the content as src/bolt/test_util.h does
//	boltfixture check FILE          runs bbolt's own check; exit code 1 when it finds fault
//	boltfixture exercise FILE SEED  puts and deletes at random, in several transactions, and checks after each
//	boltfixture random FILE SEED    makes a file at random: page size, buckets in buckets, pairs of all sizes, free pages
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"

	bolt "go.etcd.io/bbolt"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "boltfixture:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "generate":
		return generateAll(args[1])
	case len(args) == 2 && args[0] == "dump":
		out := bufio.NewWriter(os.Stdout)
		if err := dump(args[1], out); err != nil {
			return err
		}
		return out.Flush()
	case len(args) == 2 && args[0] == "check":
		return check(args[1])
	case len(args) == 3 && args[0] == "exercise":
		seed, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			return err
		}
		return exercise(args[1], seed)
	case len(args) == 3 && args[0] == "random":
		seed, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			return err
		}
		return makeRandom(args[1], seed)
	}
	return fmt.Errorf("usage: generate DIR | dump FILE | check FILE | exercise FILE SEED | random FILE SEED")
}

func dump(path string, out io.Writer) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error { return dumpBucket(name, b, out) })
	})
}

func dumpBucket(name []byte, b *bolt.Bucket, out io.Writer) error {
	fmt.Fprintf(out, "bucket %x %d\n", name, b.Sequence())
	err := b.ForEach(func(k, v []byte) error {
		if v == nil {
			return dumpBucket(k, b.Bucket(k), out)
		}
		h := fnv.New64a()
		h.Write(v)
		_, err := fmt.Fprintf(out, "pair %x %d %016x\n", k, len(v), h.Sum64())
		return err
	})
	fmt.Fprintln(out, "end")
	return err
}

func check(path string) error {
	// With a preloaded freelist, so that pages which are neither free nor reachable are found as well.
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return checkOpen(db)
}

func checkOpen(db *bolt.DB) error {
	return db.View(func(tx *bolt.Tx) error {
		var first error
		for err := range tx.Check() {
			if first == nil {
				first = err
			}
		}
		return first
	})
}

func exercise(path string, seed int64) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true, NoFreelistSync: seed%2 == 0})
	if err != nil {
		return err
	}
	defer db.Close()
	random := rand.New(rand.NewSource(seed))
	for round := 0; round < 6; round++ {
		if err := db.Update(func(tx *bolt.Tx) error {
			return tx.ForEach(func(_ []byte, b *bolt.Bucket) error { return change(b, random) })
		}); err != nil {
			return err
		}
		if err := checkOpen(db); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	return nil
}

// A seed's last digits choose the page size (seven of them) and whether the freelist is kept.
func makeRandom(path string, seed int64) error {
	f := fixture{
		pageSize: 1024 << (seed % 7),
		noSync:   seed/7%2 == 0,
		destroy:  -1,
		make: func(db *bolt.DB) error {
			random := rand.New(rand.NewSource(seed))
			for round := 0; round < 3; round++ {
				if err := db.Update(func(tx *bolt.Tx) error {
					for i := random.Intn(6); i > 0; i-- {
						b, err := tx.CreateBucketIfNotExists(randomKey(random))
						if err != nil {
							return err
						}
						if err := grow(b, random, 0); err != nil {
							return err
						}
					}
					return tx.ForEach(func(_ []byte, b *bolt.Bucket) error {
						if random.Intn(3) > 0 {
							return nil
						}
						return change(b, random)
					})
				}); err != nil {
					return err
				}
			}
			return nil
		},
	}
	return generate(f, path)
}

func randomKey(random *rand.Rand) []byte {
	key := make([]byte, 1+random.Intn(24))
	if random.Intn(50) == 0 {
		key = make([]byte, 1+random.Intn(3000))
	}
	random.Read(key)
	return key
}

func grow(b *bolt.Bucket, random *rand.Rand, depth int) error {
	if err := b.SetSequence(uint64(random.Intn(3))); err != nil {
		return err
	}
	for i := []int{0, 9, 150}[random.Intn(3)]; i > 0; i-- {
		size := random.Intn(200)
		if random.Intn(40) == 0 {
			size = random.Intn(9000)
		}
		value := make([]byte, size)
		random.Read(value)
		if err := b.Put(randomKey(random), value); err != nil {
			return err
		}
	}
	for i := random.Intn(3); i > 0 && depth < 4; i-- {
		inner, err := b.CreateBucketIfNotExists(randomKey(random))
		if err == bolt.ErrIncompatibleValue {
			continue // the key of a pair
		}
		if err != nil {
			return err
		}
		if err := grow(inner, random, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func change(b *bolt.Bucket, random *rand.Rand) error {
	var remove, nested [][]byte
	if err := b.ForEach(func(k, v []byte) error {
		if v == nil {
			nested = append(nested, append([]byte{}, k...))
		} else if random.Intn(4) == 0 {
			remove = append(remove, append([]byte{}, k...))
		}
		return nil
	}); err != nil {
		return err
	}
	for _, k := range remove {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	for i := 0; i < 30; i++ {
		key := make([]byte, 8+random.Intn(20))
		random.Read(key)
		if err := b.Put(key, make([]byte, random.Intn(6000))); err != nil {
			return err
		}
	}
	for _, k := range nested {
		if err := change(b.Bucket(k), random); err != nil {
			return err
		}
	}
	return nil
}

type fixture struct {
	name     string
	pageSize int
	noSync   bool // freelist not persisted, as etcd does
	make     func(db *bolt.DB) error
	destroy  int // the meta page to overwrite afterwards; -1: none
}

func fixtures() []fixture {
	var all []fixture
	for _, size := range []int{1024, 4096, 16384, 65536} {
		all = append(all, fixture{fmt.Sprintf("etcd_%d", size), size, true, etcdLike, -1})
	}
	return append(all,
		fixture{"empty_4096", 4096, false, func(*bolt.DB) error { return nil }, -1},
		fixture{"nested_1024", 1024, true, nested, -1},
		fixture{"freelist_1024", 1024, false, deleted, -1},
		fixture{"free_pages_4096", 4096, true, deleted, -1},
		fixture{"long_freelist_1024", 1024, false, longFreelist, -1},
		fixture{"meta0_destroyed_1024", 1024, true, small, 0},
		fixture{"meta0_destroyed_16384", 16384, true, small, 0},
		fixture{"meta1_destroyed_1024", 1024, true, small, 1},
		fixture{"even_txid_1024", 1024, true, func(db *bolt.DB) error { return twice(db, small, 0) }, -1},
		fixture{"odd_txid_1024", 1024, true, func(db *bolt.DB) error { return twice(db, small, 1) }, -1},
		fixture{"small_freelist_1024", 1024, false, func(db *bolt.DB) error { return twice(db, small, 1) }, -1},
		fixture{"overflow_1024", 1024, true, overflow, -1},
	)
}

func generateAll(dir string) error {
	for _, f := range fixtures() {
		path := filepath.Join(dir, f.name+".db")
		if err := generate(f, path); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err := writeDump(path); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func writeDump(path string) error {
	out, err := os.Create(path[:len(path)-len(".db")] + ".dump")
	if err != nil {
		return err
	}
	defer out.Close()
	return dump(path, out)
}

func generate(f fixture, path string) error {
	live := path + ".live"
	defer os.Remove(live)
	os.Remove(live)
	db, err := bolt.Open(live, 0o600, &bolt.Options{PageSize: f.pageSize, NoFreelistSync: f.noSync, NoSync: true})
	if err != nil {
		return err
	}
	if err := f.make(db); err != nil {
		return err
	}
	// As etcd streams it: without the room bbolt grew ahead, and with both metas of one tree.
	if err := db.View(func(tx *bolt.Tx) error { return tx.CopyFile(path, 0o600) }); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	if f.destroy >= 0 {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer file.Close()
		const header = 16 // kept, as bbolt's check asserts it
		if _, err := file.WriteAt(make([]byte, f.pageSize-header), int64(f.destroy*f.pageSize+header)); err != nil {
			return err
		}
	}
	return nil
}

func value(n int, seed int) []byte {
	v := make([]byte, n)
	rand.New(rand.NewSource(int64(seed))).Read(v)
	return v
}

func revision(main int) []byte {
	k := make([]byte, 17)
	binary.BigEndian.PutUint64(k, uint64(main))
	k[8] = '_'
	return k
}

// etcd's buckets: many small ones that are inline, and `key` with pages of its own.
func etcdLike(db *bolt.DB) error {
	for round := 0; round < 4; round++ {
		if err := db.Update(func(tx *bolt.Tx) error {
			for _, name := range []string{"alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members", "members_removed", "meta"} {
				if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
					return err
				}
			}
			key := tx.Bucket([]byte("key"))
			key.FillPercent = 0.9
			for i := 0; i < 20; i++ {
				if err := key.Put(revision(2+20*round+i), value(20+40*i, i)); err != nil {
					return err
				}
			}
			if round == 2 {
				if err := key.Delete(revision(3)); err != nil {
					return err
				}
			}
			return tx.Bucket([]byte("meta")).Put([]byte("consistent_index"), value(8, round))
		}); err != nil {
			return err
		}
	}
	return nil
}

func small(db *bolt.DB) error {
	return db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte("b"))
		if err != nil {
			return err
		}
		if err := b.SetSequence(7); err != nil {
			return err
		}
		for i := 0; i < 20; i++ {
			if err := b.Put([]byte(fmt.Sprintf("key-%02d", i)), value(100, i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func twice(db *bolt.DB, step func(*bolt.DB) error, parity int) error {
	for {
		if err := step(db); err != nil {
			return err
		}
		txid := 0
		if err := db.View(func(tx *bolt.Tx) error { txid = tx.ID(); return nil }); err != nil {
			return err
		}
		if txid%2 == parity {
			return nil
		}
	}
}

// Buckets in buckets, between pairs, inline and not.
func nested(db *bolt.DB) error {
	return db.Update(func(tx *bolt.Tx) error {
		a, err := tx.CreateBucket([]byte("a"))
		if err != nil {
			return err
		}
		for i := 0; i < 30; i++ {
			name := []byte(fmt.Sprintf("%02d", i))
			if i%5 != 2 {
				if err := a.Put(name, value(10+i, i)); err != nil {
					return err
				}
				continue
			}
			inner, err := a.CreateBucket(name)
			if err != nil {
				return err
			}
			for j := 0; j < i; j++ {
				if err := inner.Put([]byte(fmt.Sprintf("%02d", j)), value(20, j)); err != nil {
					return err
				}
			}
			if i == 12 {
				if _, err := inner.CreateBucket([]byte("z")); err != nil {
					return err
				}
			}
		}
		b, err := tx.CreateBucket([]byte("b"))
		if err != nil {
			return err
		}
		for i := 0; i < 8; i++ {
			if b, err = b.CreateBucket([]byte("deep")); err != nil {
				return err
			}
		}
		return b.Put([]byte("k"), []byte("v"))
	})
}

func overflow(db *bolt.DB) error {
	return db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		if err != nil {
			return err
		}
		for i, n := range []int{0, 1000, 1024, 5000, 40000, 1, 3000} {
			if err := b.Put([]byte{byte('a' + i)}, value(n, i)); err != nil {
				return err
			}
		}
		// Keys longer than a page make branch pages of several pages.
		for i := 0; i < 6; i++ {
			if err := b.Put(append([]byte{'z', byte(i)}, value(3000, i)...), value(200, i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func deleted(db *bolt.DB) error {
	if err := etcdLike(db); err != nil {
		return err
	}
	return db.Update(func(tx *bolt.Tx) error {
		key := tx.Bucket([]byte("key"))
		for i := 2; i < 70; i++ {
			if err := key.Delete(revision(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// More free pages than a page's element count can say.
func longFreelist(db *bolt.DB) error {
	if err := small(db); err != nil {
		return err
	}
	if err := db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("large"))
		if err != nil {
			return err
		}
		return b.Put([]byte("k"), make([]byte, 66000*1024))
	}); err != nil {
		return err
	}
	if err := db.Update(func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte("large")) }); err != nil {
		return err
	}
	return small(db)
}
