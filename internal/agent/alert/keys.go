package alert

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"sync"
	"time"
)

// How long keys are trusted, and how often a key that is not known may make us ask: whoever invents key ids must not make
// us flood Entra.
const (
	keysLast    = 24 * time.Hour
	askAgain    = time.Minute
	keysTimeout = 10 * time.Second
)

// errKeys says that the keys could not be had: nothing is wrong with the token.
var errKeys = errors.New("the keys of Entra could not be fetched")

// keys are the public keys of a tenant, by id.
type keys struct {
	url    string
	client *http.Client
	now    func() time.Time

	lock  sync.Mutex
	known map[string]*rsa.PublicKey
	at    time.Time // of the last good answer
	asked time.Time // of the last question
	fault error     // of the last question
}

func (k *keys) get(ctx context.Context, id string) (*rsa.PublicKey, error) {
	k.lock.Lock()
	defer k.lock.Unlock()
	now := k.now()
	found, known := k.known[id]
	if known && now.Before(k.at.Add(keysLast)) {
		return found, nil
	}
	if now.Before(k.asked.Add(askAgain)) && !k.asked.IsZero() {
		if k.fault != nil {
			return nil, k.fault
		}
		return nil, fmt.Errorf("there is no key %q", id)
	}
	k.asked, k.fault = now, nil
	fetched, err := k.fetch(ctx)
	if err != nil {
		k.fault = fmt.Errorf("%w: %w", errKeys, err)
		return nil, k.fault
	}
	k.known, k.at = fetched, now
	if found, known = k.known[id]; !known {
		return nil, fmt.Errorf("there is no key %q", id)
	}
	return found, nil
}

func (k *keys) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout) // others wait for this answer, too
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, err
	}
	response, err := k.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", k.url, response.StatusCode)
	}
	var set struct {
		Keys []struct{ Kty, Use, Kid, N, E string }
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&set); err != nil {
		return nil, err
	}
	found := map[string]*rsa.PublicKey{}
	for _, one := range set.Keys {
		modulus, errN := base64.RawURLEncoding.DecodeString(one.N)
		exponent, errE := base64.RawURLEncoding.DecodeString(one.E)
		if one.Kty != "RSA" || one.Use != "" && one.Use != "sig" || one.Kid == "" || errN != nil || errE != nil || len(modulus) < 256 || len(exponent) > 4 {
			continue // a key for something else
		}
		found[one.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
	}
	return found, nil
}
