// Package cluster runs a private PostgreSQL for an installation that brings no database of its own.
//
// The server listens on a Unix socket only, so nothing on the network can reach it. Started as root,
// it runs as an unprivileged user, because PostgreSQL refuses to run as root.
package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNoBinaries says that no PostgreSQL server was found on this machine.
var ErrNoBinaries = errors.New("no PostgreSQL server found: install it (Debian: apt-get install postgresql) or set PONTE_DATABASE_URL")

// Cluster is a running private PostgreSQL.
type Cluster struct {
	URL   string // connection string for lib/pq
	Bin   string // folder of the server's programs (pg_dump and others are beside it)
	dir   string
	opt   Options
	owned bool // started by this process: Stop stops it
	cred  *syscall.Credential

	lockFile *os.File
}

// Options change how the server runs.
type Options struct {
	Volatile bool // tests: no fsync, the data may be lost with the machine
}

const database = "ponte"

// Open starts the cluster in dir, making it first where there is none, or joins the one that
// already runs there. Only the process that started it stops it.
func Open(ctx context.Context, dir string, opt Options) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	c := &Cluster{Bin: bin, opt: opt}
	if c.dir, c.cred, err = place(dir); err != nil {
		return nil, err
	}
	unlock, err := c.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := c.create(ctx); err != nil {
		return nil, err
	}
	c.URL = c.url(database)
	if c.running() {
		return c, c.ensureDatabase(ctx)
	}
	if err := c.start(ctx); err != nil {
		return nil, err
	}
	c.owned = true
	return c, c.ensureDatabase(ctx)
}

// Stop ends the server if this process started it: open transactions are rolled back, committed
// ones are on disk.
func (c *Cluster) Stop() error {
	if c == nil || !c.owned {
		return nil
	}
	out, err := c.command(context.Background(), "pg_ctl", "-D", c.dir, "-m", "fast", "-w", "-t", "30", "stop").CombinedOutput()
	if err != nil {
		return fmt.Errorf("stop the private PostgreSQL: %w: %s", err, lastLine(out))
	}
	c.owned = false
	return nil
}

// Own makes this process the one that stops the server, also where it joined one that a killed process
// left behind. Only a process that serves may own it, and only one at a time; a command never does.
func (c *Cluster) Own() {
	if c == nil || c.owned {
		return
	}
	f, err := os.OpenFile(c.dir+".server.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		_ = f.Close()
		return
	}
	c.owned, c.lockFile = true, f // held until the process ends
}

// Keep leaves the server running when this process ends.
func (c *Cluster) Keep() { c.owned = false }

func (c *Cluster) socketDir() string {
	sum := sha256.Sum256([]byte(c.dir))
	// A socket's path may have 107 bytes at most, so it cannot stand in the data directory.
	return filepath.Join("/tmp", "ponte-pg-"+hex.EncodeToString(sum[:6]))
}

func (c *Cluster) superuser() string { return "ponte" }

func (c *Cluster) url(db string) string {
	q := url.Values{"host": {c.socketDir()}, "user": {c.superuser()}, "sslmode": {"disable"}}
	return "postgres:///" + db + "?" + q.Encode()
}

func (c *Cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.Bin, name), args...)
	// A group of its own: Ctrl-C reaches ponte alone, which then stops the server in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.cred}
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	return cmd
}

func (c *Cluster) create(ctx context.Context) error {
	if made(c.dir) {
		return nil
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("make the database directory: %w", err)
	}
	if err := c.own(c.dir); err != nil {
		return err
	}
	out, err := c.command(ctx, "initdb", "-D", c.dir, "-U", c.superuser(), "-A", "trust", "-E", "UTF8", "--no-locale", "--no-instructions").CombinedOutput()
	if err != nil {
		return fmt.Errorf("make the private PostgreSQL in %s: %w: %s", c.dir, err, lastLine(out))
	}
	return nil
}

func (c *Cluster) own(path string) error {
	if c.cred == nil {
		return nil
	}
	if err := os.Chown(path, int(c.cred.Uid), int(c.cred.Gid)); err != nil {
		return fmt.Errorf("give %s to the database user: %w", path, err)
	}
	return nil
}

func (c *Cluster) start(ctx context.Context) error {
	sock := c.socketDir()
	if err := os.MkdirAll(sock, 0o700); err != nil {
		return fmt.Errorf("make the socket directory: %w", err)
	}
	if err := c.own(sock); err != nil {
		return err
	}
	settings := []string{
		"-k", sock, "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700",
		"-c", "max_connections=100", "-c", "shared_buffers=128MB", "-c", "timezone=UTC",
		"-c", "log_min_messages=warning", "-c", "jit=off", "-c", "wal_compression=on", "-c", "max_wal_size=2GB",
	}
	if c.opt.Volatile {
		settings = append(settings, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "wal_compression=off", "-c", "max_wal_size=512MB", "-c", "max_connections=300", "-c", "wal_level=minimal", "-c", "max_wal_senders=0")
	}
	cmd := c.command(ctx, "pg_ctl", "-D", c.dir, "-l", filepath.Join(c.dir, "server.log"), "-w", "-t", "60", "-o", quoteAll(settings), "start")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("start the private PostgreSQL: %w: %s (its log: %s)", err, lastLine(out), filepath.Join(c.dir, "server.log"))
	}
	return nil
}

// running reports whether a server answers on the socket of this data directory; a stale pid file
// of a killed server does not count.
func (c *Cluster) running() bool {
	if _, err := os.Stat(filepath.Join(c.dir, "postmaster.pid")); err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		err := c.command(ctx, "pg_isready", "-q", "-h", c.socketDir(), "-U", c.superuser(), "-d", "postgres", "-t", "2").Run()
		var exit *exec.ExitError
		switch {
		case err == nil:
			return true
		case errors.As(err, &exit) && exit.ExitCode() == 1 && ctx.Err() == nil:
			time.Sleep(100 * time.Millisecond) // it is starting or recovering; wait for it
		default:
			return false
		}
	}
}

func (c *Cluster) ensureDatabase(ctx context.Context) error {
	has, err := c.command(ctx, "psql", "-h", c.socketDir(), "-U", c.superuser(), "-d", "postgres", "-Atc",
		"SELECT 1 FROM pg_database WHERE datname = '"+database+"'").CombinedOutput()
	if err != nil {
		return fmt.Errorf("look for the database: %w: %s", err, lastLine(has))
	}
	if strings.TrimSpace(string(has)) == "1" {
		return nil
	}
	if out, err := c.command(ctx, "createdb", "-h", c.socketDir(), "-U", c.superuser(), database).CombinedOutput(); err != nil {
		return fmt.Errorf("make the database: %w: %s", err, lastLine(out))
	}
	return nil
}

func (c *Cluster) lock() (func(), error) {
	if err := os.MkdirAll(filepath.Dir(c.dir), 0o755); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	f, err := os.OpenFile(c.dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

// binaries finds the newest server on PATH or in the distributions' usual folders.
func binaries() (string, error) {
	var found []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb", "/opt/homebrew/opt/postgresql@*/bin/initdb", "/usr/local/opt/postgresql@*/bin/initdb", "/usr/local/pgsql/bin/initdb"} {
		m, _ := filepath.Glob(pattern)
		found = append(found, m...)
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			found = append([]string{p}, found...)
		}
	}
	for _, p := range found {
		dir := filepath.Dir(p)
		if _, err := os.Stat(filepath.Join(dir, "pg_ctl")); err == nil {
			return dir, nil
		}
	}
	return "", ErrNoBinaries
}

func version(path string) int {
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '-' || r == '@' }) {
		if n, err := strconv.Atoi(part); err == nil {
			return n
		}
	}
	return 0
}

func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: false}, nil
		}
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and neither user 'postgres' nor 'nobody' exists: run ponte as a normal user or set PONTE_DATABASE_URL")
}

// Dir is where the server's files lie.
func (c *Cluster) Dir() string { return c.dir }

// Place returns where the private PostgreSQL of a directory lies: there, or below /var/lib where the database user
// cannot enter it. It says the directory itself where that cannot be told.
func Place(dir string) string {
	if there, _, err := place(dir); err == nil {
		return there
	}
	return dir
}

func place(dir string) (string, *syscall.Credential, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, fmt.Errorf("find the data directory: %w", err)
	}
	if os.Getuid() != 0 {
		return dir, nil, nil
	}
	cred, err := unprivileged()
	if err != nil {
		return "", nil, err
	}
	there := reachable(dir, cred)
	if old := filepath.Join(elsewhereOnce, filepath.Base(there)); there != dir && there != old && made(old) && !made(there) {
		return "", nil, fmt.Errorf("the database of %s lies in %s, where its user cannot enter any more: move it to %s (and %s.lock with it)", dir, old, there, old)
	}
	return there, cred, nil
}

// elsewhere holds the private servers' files where the database user cannot enter the data directory. It is not
// /var/lib/ponte: that is the service's own, closed to everybody else (deploy/ponte.service).
const elsewhere, elsewhereOnce = "/var/lib/ponte-private", "/var/lib/ponte"

// reachable returns dir, or a folder under /var/lib when the database user could not enter dir
// (root's home, for one, is closed to everybody else).
func reachable(dir string, cred *syscall.Credential) string {
	if enterable(dir, cred) {
		return dir
	}
	sum := sha256.Sum256([]byte(dir))
	name := hex.EncodeToString(sum[:6])
	if old := filepath.Join(elsewhereOnce, name); made(old) && enterable(old, cred) {
		return old // by an earlier version
	}
	return filepath.Join(elsewhere, name)
}

// enterable says whether the database user can reach dir through all folders above it.
func enterable(dir string, cred *syscall.Credential) bool {
	for p := filepath.Dir(dir); p != "/"; p = filepath.Dir(p) {
		var st syscall.Stat_t
		if syscall.Stat(p, &st) != nil {
			continue // it will be made, open to all
		}
		if st.Mode&0o001 == 0 && (st.Uid != cred.Uid || st.Mode&0o100 == 0) && (st.Gid != cred.Gid || st.Mode&0o010 == 0) {
			return false
		}
	}
	return true
}

// made says whether a cluster's files lie in dir.
func made(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "PG_VERSION"))
	return err == nil
}

func quoteAll(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
