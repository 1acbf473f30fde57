;; Fletcher-4 over 32-bit words, as ZFS takes it of its send streams (OpenZFS: module/zcommon/zfs_fletcher.c), four
;; words at a time. `fletcher4-module.ts` holds this file assembled; a test compares the two.
;;
;; The running sums are 64 bits wide, modulo 2^64, and may be read and set from outside.
;;
;; A word that has m - 1 words behind it counts m times in b, m(m+1)/2 times in c and m(m+1)(m+2)/6 times in d. Each of
;; four lanes takes every fourth word as if there were no others; with t for the lane's m, m = 4t - lane, and the
;; factors in `join` are those polynomials of m written in the polynomials of t that the lane has summed.
(module
  (memory (import "host" "memory") 0 65535 shared)
  (global $a (export "a") (mut i64) (i64.const 0))
  (global $b (export "b") (mut i64) (i64.const 0))
  (global $c (export "c") (mut i64) (i64.const 0))
  (global $d (export "d") (mut i64) (i64.const 0))

  ;; Adds `bytes` bytes (a multiple of 4) at `at`; words in the other byte order where `swap` is 1.
  (func (export "add") (param $at i32) (param $bytes i32) (param $swap i32)
    (local $end i32) (local $whole i32) (local $words v128) (local $half v128)
    (local $a0 v128) (local $b0 v128) (local $c0 v128) (local $d0 v128)
    (local $a1 v128) (local $b1 v128) (local $c1 v128) (local $d1 v128)
    (local.set $end (i32.add (local.get $at) (local.get $bytes)))
    (local.set $whole (i32.add (local.get $at) (i32.and (local.get $bytes) (i32.const -16))))
    (if (i32.lt_u (local.get $at) (local.get $whole))
      (then
        (if (local.get $swap)
          (then
            (loop $next
              (local.set $words (v128.load (local.get $at)))
              (local.set $words
                (i8x16.shuffle 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12 (local.get $words) (local.get $words)))
              (local.set $half (i64x2.extend_low_i32x4_u (local.get $words)))
              (local.set $a0 (i64x2.add (local.get $a0) (local.get $half)))
              (local.set $b0 (i64x2.add (local.get $b0) (local.get $a0)))
              (local.set $c0 (i64x2.add (local.get $c0) (local.get $b0)))
              (local.set $d0 (i64x2.add (local.get $d0) (local.get $c0)))
              (local.set $half (i64x2.extend_high_i32x4_u (local.get $words)))
              (local.set $a1 (i64x2.add (local.get $a1) (local.get $half)))
              (local.set $b1 (i64x2.add (local.get $b1) (local.get $a1)))
              (local.set $c1 (i64x2.add (local.get $c1) (local.get $b1)))
              (local.set $d1 (i64x2.add (local.get $d1) (local.get $c1)))
              (local.set $at (i32.add (local.get $at) (i32.const 16)))
              (br_if $next (i32.lt_u (local.get $at) (local.get $whole)))))
          (else
            (loop $next
              (local.set $half (v128.load32x2_u (local.get $at)))
              (local.set $a0 (i64x2.add (local.get $a0) (local.get $half)))
              (local.set $b0 (i64x2.add (local.get $b0) (local.get $a0)))
              (local.set $c0 (i64x2.add (local.get $c0) (local.get $b0)))
              (local.set $d0 (i64x2.add (local.get $d0) (local.get $c0)))
              (local.set $half (v128.load32x2_u offset=8 (local.get $at)))
              (local.set $a1 (i64x2.add (local.get $a1) (local.get $half)))
              (local.set $b1 (i64x2.add (local.get $b1) (local.get $a1)))
              (local.set $c1 (i64x2.add (local.get $c1) (local.get $b1)))
              (local.set $d1 (i64x2.add (local.get $d1) (local.get $c1)))
              (local.set $at (i32.add (local.get $at) (i32.const 16)))
              (br_if $next (i32.lt_u (local.get $at) (local.get $whole))))))
        (call $join
          (i64.extend_i32_u (i32.and (local.get $bytes) (i32.const -16)))
          (local.get $a0) (local.get $b0) (local.get $c0) (local.get $d0)
          (local.get $a1) (local.get $b1) (local.get $c1) (local.get $d1))))
    (if (i32.lt_u (local.get $at) (local.get $end))
      (then
        (loop $next
          (call $one (i64.load32_u (local.get $at)) (local.get $swap))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))))

  ;; Adds one word.
  (func $one (param $word i64) (param $swap i32)
    (local $sum i64)
    (if (local.get $swap)
      (then
        (local.set $word
          (i64.or
            (i64.or
              (i64.shr_u (local.get $word) (i64.const 24))
              (i64.and (i64.shr_u (local.get $word) (i64.const 8)) (i64.const 0xff00)))
            (i64.or
              (i64.and (i64.shl (local.get $word) (i64.const 8)) (i64.const 0xff0000))
              (i64.and (i64.shl (local.get $word) (i64.const 24)) (i64.const 0xff000000)))))))
    (local.set $sum (i64.add (global.get $a) (local.get $word)))
    (global.set $a (local.get $sum))
    (local.set $sum (i64.add (global.get $b) (local.get $sum)))
    (global.set $b (local.get $sum))
    (local.set $sum (i64.add (global.get $c) (local.get $sum)))
    (global.set $c (local.get $sum))
    (global.set $d (i64.add (global.get $d) (local.get $sum))))

  ;; Puts what the lanes summed up behind what was there: n = bytes / 4 words more.
  (func $join (param $bytes i64)
    (param $a0 v128) (param $b0 v128) (param $c0 v128) (param $d0 v128)
    (param $a1 v128) (param $b1 v128) (param $c1 v128) (param $d1 v128)
    (local $n i64) (local $n2 i64) (local $n3 i64)
    (local.set $n (i64.shr_u (local.get $bytes) (i64.const 2)))
    ;; n(n+1)/2 and n(n+1)(n+2)/6, exact: n has at most 30 bits, and one of n, n+1 is even
    (local.set $n2 (i64.div_u (i64.mul (local.get $n) (i64.add (local.get $n) (i64.const 1))) (i64.const 2)))
    (local.set $n3 (call $third (local.get $n) (local.get $n2)))
    (global.set $d
      (i64.add
        (i64.add
          (i64.add (global.get $d) (i64.mul (local.get $n) (global.get $c)))
          (i64.add (i64.mul (local.get $n2) (global.get $b)) (i64.mul (local.get $n3) (global.get $a))))
        (i64.add
          (i64.add
            (i64.mul (i64.const 64)
              (call $sum (i64x2.add (local.get $d0) (local.get $d1))))
            (call $sum
              (i64x2.add
                (i64x2.mul (v128.const i64x2 -48 -64) (local.get $c0))
                (i64x2.mul (v128.const i64x2 -80 -96) (local.get $c1)))))
          (call $sum
            (i64x2.add
              (i64x2.add
                (i64x2.mul (v128.const i64x2 4 10) (local.get $b0))
                (i64x2.mul (v128.const i64x2 20 34) (local.get $b1)))
              (i64x2.mul (v128.const i64x2 0 -1) (local.get $a1)))))))
    (global.set $c
      (i64.add
        (i64.add
          (i64.add (global.get $c) (i64.mul (local.get $n) (global.get $b)))
          (i64.mul (local.get $n2) (global.get $a)))
        (i64.add
          (i64.mul (i64.const 16) (call $sum (i64x2.add (local.get $c0) (local.get $c1))))
          (call $sum
            (i64x2.add
              (i64x2.add
                (i64x2.mul (v128.const i64x2 -6 -10) (local.get $b0))
                (i64x2.mul (v128.const i64x2 -14 -18) (local.get $b1)))
              (i64x2.mul (v128.const i64x2 1 3) (local.get $a1)))))))
    (global.set $b
      (i64.add
        (i64.add (global.get $b) (i64.mul (local.get $n) (global.get $a)))
        (i64.add
          (i64.mul (i64.const 4) (call $sum (i64x2.add (local.get $b0) (local.get $b1))))
          (call $sum
            (i64x2.add
              (i64x2.mul (v128.const i64x2 0 -1) (local.get $a0))
              (i64x2.mul (v128.const i64x2 -2 -3) (local.get $a1)))))))
    (global.set $a
      (i64.add (global.get $a) (call $sum (i64x2.add (local.get $a0) (local.get $a1))))))

  (func $sum (param $pair v128) (result i64)
    (i64.add (i64x2.extract_lane 0 (local.get $pair)) (i64x2.extract_lane 1 (local.get $pair))))

  ;; n2 * (n + 2) / 3 modulo 2^64: whichever factor is divisible by 3 is divided before they are multiplied.
  (func $third (param $n i64) (param $n2 i64) (result i64)
    (if (result i64) (i64.eqz (i64.rem_u (local.get $n2) (i64.const 3)))
      (then (i64.mul (i64.div_u (local.get $n2) (i64.const 3)) (i64.add (local.get $n) (i64.const 2))))
      (else
        (i64.mul (local.get $n2) (i64.div_u (i64.add (local.get $n) (i64.const 2)) (i64.const 3)))))))
