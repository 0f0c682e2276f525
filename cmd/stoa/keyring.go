package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
)

// newKeyring is `stoa keyring create|rotate|list`.
func newKeyring(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keyring",
		Short: "Make and rotate the platform's keys",
		Long: `Make and rotate the platform's keys, in the file of STOA_KEYRING: those of secrets
at rest, of the audit log's seals, and of learners' pseudonyms. The file is
encrypted by the key that STOA_KEYRING_KMS names, or without that by one in a file
beside it, which ends in .key. Back both up: what they encrypted is lost without.`,
	}
	cmd.AddCommand(newKeyringCreate(sh), newKeyringRotate(sh), newKeyringList(sh))
	return sh.withOutput(cmd)
}

func newKeyringCreate(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:     "create",
		Short:   "Make a key ring; one that exists is left alone",
		Example: "  STOA_KEYRING=/var/lib/stoa/keyring.json stoa keyring create",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sh.keyring(cmd, func(c keyring.Config) error { return keyring.Create(cmd.Context(), c, sh.now()) })
		},
	}
}

func newKeyringRotate(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate [secrets|seals|pseudonyms]...",
		Short: "Put new keys to use; those before go on reading what they wrote",
		Long: `Put a new key to use for each of the purposes named, or for all. The keys before
go on decrypting and verifying. Running processes notice within a second.

With a new key of pseudonyms everybody has another pseudonym from then on, and one
that was written down before still leads to the same person.`,
		Example:   "  stoa keyring rotate secrets seals",
		ValidArgs: []string{string(keyring.Secrets), string(keyring.Seals), string(keyring.Pseudonym)},
		RunE: func(cmd *cobra.Command, args []string) error {
			var purposes []keyring.Purpose
			for _, arg := range args {
				if !slices.Contains(keyring.Purposes, keyring.Purpose(arg)) {
					return fault.New(fault.Invalid, "%q is none of secrets, seals and pseudonyms", arg)
				}
				purposes = append(purposes, keyring.Purpose(arg))
			}
			return sh.keyring(cmd, func(c keyring.Config) error {
				return keyring.Rotate(cmd.Context(), c, sh.now(), purposes...)
			})
		},
	}
}

func newKeyringList(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys, without what they are made of",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sh.keyring(cmd, func(keyring.Config) error { return nil })
		},
	}
}

// keyring does something to the key ring and shows what is in it then.
func (sh *shell) keyring(cmd *cobra.Command, do func(keyring.Config) error) error {
	c, err := sh.load(config.Keyring)
	if err != nil {
		return err
	}
	if err := do(c.Keyring()); err != nil {
		return err
	}
	ring, err := keyring.Open(cmd.Context(), c.Keyring())
	if err != nil {
		return err
	}
	keys, err := ring.List()
	if err != nil {
		return err
	}
	return sh.print(cmd, struct {
		Keys []keyring.Key `json:"keys"`
	}{keys}, func(w io.Writer) {
		fmt.Fprintln(w, "PURPOSE\tKEY\tSTATUS\tCREATED")
		for _, k := range keys {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Purpose, k.ID, k.Status, when(&k.CreatedAt))
		}
	})
}
