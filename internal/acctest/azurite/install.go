package azurite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// version is the release that tests run against: the newest that asks for no newer Node than 20.
const version = "3.35.0"

// longestInstall is how long npm may take, with a slow registry and a busy machine.
const longestInstall = 10 * time.Minute

// errNoNode says what is missing; the caller turns it into a skip.
var errNoNode = errors.New("node and npm are not on the PATH: https://nodejs.org")

// installed returns the script that runs the blob service. It is installed once a version and user, into the user's cache
// folder, and taken from there ever after.
func installed(ctx context.Context) (script string, err error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", errNoNode
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("azurite: %w", err)
	}
	folder := filepath.Join(cache, "terraform-provider-mlops", "azurite-"+version)
	script = filepath.Join(folder, "node_modules", "azurite", "dist", "src", "blob", "main.js")
	if _, err := os.Stat(script); err == nil {
		return script, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", fmt.Errorf("azurite: %w", err)
	}
	// Of many test binaries at once, one installs and the others wait for it.
	lock, err := os.OpenFile(folder+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", fmt.Errorf("azurite: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("azurite: lock %s: %w", lock.Name(), err)
	}
	if _, err := os.Stat(script); err == nil {
		return script, nil
	}
	return script, install(ctx, folder)
}

// install installs beside the folder and renames, so that one that is there is whole.
func install(ctx context.Context, folder string) error {
	temporary, err := os.MkdirTemp(filepath.Dir(folder), "azurite-*")
	if err != nil {
		return fmt.Errorf("azurite: %w", err)
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	ctx, cancel := context.WithTimeout(ctx, longestInstall)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "install", "--prefix", temporary, "--no-audit", "--no-fund", "--ignore-scripts", "azurite@"+version)
	npm.Dir = temporary
	if output, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("azurite %s could not be installed (%s): %w\n%s", version, npm, err, output)
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("azurite: %w", err)
	}
	if err := os.Rename(temporary, folder); err != nil {
		return fmt.Errorf("azurite: %w", err)
	}
	return nil
}
