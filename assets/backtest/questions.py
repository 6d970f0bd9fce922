"""What a backtest is asked: what each part is worth, and the claims that are to be confirmed or refuted."""

COMPONENTS = (
    ("the forecast instead of the last 52 weeks' quantiles", "look_ahead, simple forecast", "look_ahead"),
    ("… under a plan made once", "one-shot extended, simple forecast", "one-shot extended"),
    ("the distribution instead of its mean", "look_ahead, point forecast", "look_ahead"),
    ("… under a plan made once", "one-shot extended, point forecast", "one-shot extended"),
    ("correlated instead of independent weeks", "look_ahead, independent weeks", "look_ahead"),
    ("… under a plan made once", "one-shot extended, independent weeks", "one-shot extended"),
    ("t_limit", "one-shot extended, no t_limit", "one-shot extended"),
    ("the kick-start order", "one-shot extended, no kick-start", "one-shot extended"),
)
"""What it is worth, who lacks it, who has it: a positive difference is what its lack costs."""

OBJECTIVES = (
    ("P75 instead of the mean, look-ahead", "look_ahead p75", "look_ahead"),
    ("CVaR75 instead of the mean, look-ahead", "look_ahead cvar75", "look_ahead"),
    ("P75 instead of the mean, extended once", "one-shot extended p75", "one-shot extended"),
    ("point forecast and P75 instead of distribution and P75", "one-shot extended p75, point forecast", "one-shot extended p75"),
)

ROLLING = (
    ("extended: once instead of weekly", "one-shot extended", "extended"),
    ("(s, S): once instead of weekly", "one-shot s_S", "s_S"),
    ("base-stock: once instead of weekly", "one-shot base_stock", "base_stock"),
    ("newsvendor: once instead of weekly", "one-shot newsvendor", "newsvendor"),
)

CLAIMS = (
    ("the published trigger (on hand, nothing in transit) loses about 22 %", "extended_on_hand", "extended"),
    ("P75 costs about 1 % of mean cost", "look_ahead p75", "look_ahead"),
    ("look-ahead and re-optimised extended are level", "extended", "look_ahead"),
    ("… and best: tuned (s, S)", "s_S", "look_ahead"),
    ("… base-stock", "base_stock", "look_ahead"),
    ("textbook fractiles (newsvendor) over-order", "newsvendor", "look_ahead"),
    ("the forecast matters more than the policy", "look_ahead, simple forecast", "look_ahead"),
)
"""Lab claims: statement, contestant, what it is compared with."""
