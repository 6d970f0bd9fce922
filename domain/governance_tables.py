"""Contracts of what people and rules decide about the platform's answers: which orders are released, who promoted which model, what it was worth."""

import dataframely as dy

from domain.table_columns import euros, key, share, units

RELEASED, APPROVED, HELD, REJECTED, NOT_IN_PILOT = "released", "approved", "held", "rejected", "not_in_pilot"
STATUSES = (RELEASED, APPROVED, HELD, REJECTED, NOT_IN_PILOT)


class OrderReleases(dy.Schema):
    """Policy: which of today's orders may be placed: not those of merchants outside the pilot, nor large changes that nobody has approved."""

    date = dy.Date(nullable=False, description="Decision day.")
    merchant_id = key("Who orders.")
    article_id = key("What is ordered.")
    recommended_units = units("Units recommended today.")
    released_units = units("Units that may be placed.")
    change_eur = dy.Float64(nullable=True, description="Value of the order's change since the day before; null = no change, or that day was not decided.")
    status = dy.String(nullable=False, description="released, approved, held (waits for a person), rejected or not_in_pilot.")
    decided_by = dy.String(nullable=True, description="Who approved or rejected; null = nobody had to.")
    reason = dy.String(nullable=False, description="Why, where it is not simply released.")
    rules = dy.String(nullable=False, description="The settings `governance` that the day was decided with, as JSON: a later approval goes by them.")


class Approvals(dy.Schema):
    """Governance: what people said about orders that were held; the newest word counts."""

    date = dy.Date(nullable=False, description="Decision day of the order.")
    merchant_id = dy.String(nullable=False, min_length=1, description="Who orders.")
    article_id = dy.String(nullable=False, min_length=1, description="What is ordered.")
    recommended_units = units("The order that was looked at; another quantity is another question.")
    is_approved = dy.Bool(nullable=True, description="Approved or rejected; null = an earlier word is taken back, the order waits again.")
    decided_by = dy.String(nullable=False, min_length=1, description="Who.")
    decided_at = dy.Datetime(nullable=False, time_unit="us", time_zone="UTC", description="When.")
    note = dy.String(nullable=False, description="Why; may be empty.")


class ModelPromotions(dy.Schema):
    """Forecast: what forecasts from this cutoff on that did not before, who or what promoted it, and on which figures."""

    cutoff = dy.Date(nullable=False, description="First cutoff it forecasts.")
    segment = dy.String(primary_key=True, nullable=False, description="Demand segment; empty = the models of all segments.")
    promoted = dy.String(nullable=False, description="Version of the models, or forecaster of the segment.")
    replaced = dy.String(nullable=True, description="What it takes over from; null = not known.")
    promoted_by = dy.String(nullable=False, description="weekly training, the rule of the settings `champions`, or the calibration gate.")
    scaled_loss = dy.Float64(
        nullable=True, description="Held-out loss that decided: scaled CRPS of the models 12 weeks ago, scaled pinball loss of a forecaster."
    )
    improvement = dy.Float64(nullable=True, description="Share by which the loss is below the models'.")
    p_value = dy.Float64(nullable=True, description="Of no improvement.")
    n_series = units("Series judged.")
    evidence_hash = dy.String(nullable=False, description="Hash of the losses, or of the training sample.")


class ValueReport(dy.Schema):
    """Governance: what a quarter's orders cost each merchant, against what a simple policy would have cost on the same demand, deliveries and returns."""

    merchant_id = key("Who ordered.")
    n_series = units("Articles.")
    realised_cost_eur = euros("Of the orders on record.")
    baseline_cost_eur = euros("Of the baseline policy.")
    saved_eur = euros("Baseline less realised: positive = the orders on record were the better ones.")
    saved_share = dy.Float64(nullable=True, description="Of the baseline's cost.")
    realised_gmv_eur = euros("Sold at list price, with the orders on record.")
    baseline_gmv_eur = euros("Sold at list price, with the baseline.")
    realised_fill_rate = share("Units sold over units demanded.")
    baseline_fill_rate = share("The same of the baseline.")
