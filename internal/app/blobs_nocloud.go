//go:build nocloud

package app

const cloudless = true
