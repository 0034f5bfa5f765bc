"""The ShadowPay merchant API, v1 and v2: two dialects of one market that share words, rows and the way a call goes."""
