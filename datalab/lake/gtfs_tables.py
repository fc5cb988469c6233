"""The tables of a GTFS feed as facts: columns, keys and where they lead.

From the GTFS Schedule reference, revision of 2025 (https://gtfs.org/documentation/schedule/
reference/). Kinds: ``id`` and ``text``, ``time`` (may pass 24:00:00), ``date`` (YYYYMMDD),
``whole``, ``number``, ``longitude``, ``latitude``, ``colour``, ``0-4`` (one of these numbers).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """``columns`` by name with their kind, a ``!`` before it where a value is required.

    ``key`` identifies a row; ``leads`` says which column names a row of which other table, as
    ``table.column``; several tables mean any of them.
    """

    columns: dict[str, str]
    key: tuple[str, ...] = ()
    leads: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _columns(text: str) -> dict[str, str]:
    """``name:kind`` words; a name alone is text."""
    return {n: kind or "text" for n, _, kind in (word.partition(":") for word in text.split())}


def _leads(**columns: str) -> dict[str, tuple[str, ...]]:
    return {column: tuple(there.split()) for column, there in columns.items()}


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ONE_OF = (("calendar", "calendar_dates"), ("stops", "location_groups", "locations"))
REQUIRED = ("agency", "routes", "trips", "stop_times")

TABLES: dict[str, Table] = {
    "agency": Table(
        _columns(
            "agency_id agency_name:!text agency_url:!text agency_timezone:!text agency_lang "
            "agency_phone agency_fare_url agency_email cemv_support:0-2"
        ),
        ("agency_id",),
    ),
    "stops": Table(
        _columns(
            "stop_id:!text stop_code stop_name tts_stop_name stop_desc stop_lat:latitude "
            "stop_lon:longitude zone_id stop_url location_type:0-4 parent_station stop_timezone "
            "wheelchair_boarding:0-2 level_id platform_code stop_access:0-1"
        ),
        ("stop_id",),
        _leads(parent_station="stops.stop_id", level_id="levels.level_id"),
    ),
    "routes": Table(
        _columns(
            "route_id:!text agency_id route_short_name route_long_name route_desc "
            "route_type:!whole route_url route_color:colour route_text_color:colour "
            "route_sort_order:whole continuous_pickup:0-3 continuous_drop_off:0-3 network_id "
            "cemv_support:0-2"
        ),
        ("route_id",),
        _leads(agency_id="agency.agency_id"),
    ),
    "trips": Table(
        _columns(
            "route_id:!text service_id:!text trip_id:!text trip_headsign trip_short_name "
            "direction_id:0-1 block_id shape_id wheelchair_accessible:0-2 bikes_allowed:0-2 "
            "cars_allowed:0-2 safe_duration_factor:number safe_duration_offset:number"
        ),
        ("trip_id",),
        _leads(
            route_id="routes.route_id",
            service_id="calendar.service_id calendar_dates.service_id",
            shape_id="shapes.shape_id",
        ),
    ),
    "stop_times": Table(
        _columns(
            "trip_id:!text arrival_time:time departure_time:time stop_id location_group_id "
            "location_id stop_sequence:!whole stop_headsign start_pickup_drop_off_window:time "
            "end_pickup_drop_off_window:time pickup_type:0-3 drop_off_type:0-3 "
            "continuous_pickup:0-3 continuous_drop_off:0-3 shape_dist_traveled:number "
            "timepoint:0-1 pickup_booking_rule_id drop_off_booking_rule_id"
        ),
        ("trip_id", "stop_sequence"),
        _leads(
            trip_id="trips.trip_id",
            stop_id="stops.stop_id",
            location_group_id="location_groups.location_group_id",
            pickup_booking_rule_id="booking_rules.booking_rule_id",
            drop_off_booking_rule_id="booking_rules.booking_rule_id",
        ),
    ),
    "calendar": Table(
        _columns(
            "service_id:!text monday:!0-1 tuesday:!0-1 wednesday:!0-1 thursday:!0-1 friday:!0-1 "
            "saturday:!0-1 sunday:!0-1 start_date:!date end_date:!date"
        ),
        ("service_id",),
    ),
    "calendar_dates": Table(
        _columns("service_id:!text date:!date exception_type:!1-2"), ("service_id", "date")
    ),
    "fare_attributes": Table(
        _columns(
            "fare_id:!text price:!number currency_type:!text payment_method:!0-1 transfers:0-2 "
            "agency_id transfer_duration:whole"
        ),
        ("fare_id",),
        _leads(agency_id="agency.agency_id"),
    ),
    "fare_rules": Table(
        _columns("fare_id:!text route_id origin_id destination_id contains_id"),
        ("fare_id", "route_id", "origin_id", "destination_id", "contains_id"),
        _leads(
            fare_id="fare_attributes.fare_id",
            route_id="routes.route_id",
            origin_id="stops.zone_id",
            destination_id="stops.zone_id",
            contains_id="stops.zone_id",
        ),
    ),
    "timeframes": Table(
        _columns("timeframe_group_id:!text start_time:time end_time:time service_id:!text"),
        ("timeframe_group_id", "start_time", "end_time", "service_id"),
        _leads(service_id="calendar.service_id calendar_dates.service_id"),
    ),
    "rider_categories": Table(
        _columns(
            "rider_category_id:!text rider_category_name:!text is_default_fare_category:0-1 "
            "eligibility_url"
        ),
        ("rider_category_id",),
    ),
    "fare_media": Table(
        _columns("fare_media_id:!text fare_media_name fare_media_type:!0-4"), ("fare_media_id",)
    ),
    "fare_products": Table(
        _columns(
            "fare_product_id:!text fare_product_name rider_category_id fare_media_id "
            "amount:!number currency:!text"
        ),
        ("fare_product_id", "rider_category_id", "fare_media_id"),
        _leads(
            rider_category_id="rider_categories.rider_category_id",
            fare_media_id="fare_media.fare_media_id",
        ),
    ),
    "fare_leg_rules": Table(
        _columns(
            "leg_group_id network_id from_area_id to_area_id from_timeframe_group_id "
            "to_timeframe_group_id fare_product_id:!text rule_priority:whole"
        ),
        (
            *("network_id", "from_area_id", "to_area_id", "from_timeframe_group_id"),
            *("to_timeframe_group_id", "fare_product_id"),
        ),
        _leads(
            network_id="networks.network_id routes.network_id",
            from_area_id="areas.area_id",
            to_area_id="areas.area_id",
            from_timeframe_group_id="timeframes.timeframe_group_id",
            to_timeframe_group_id="timeframes.timeframe_group_id",
            fare_product_id="fare_products.fare_product_id",
        ),
    ),
    "fare_leg_join_rules": Table(
        _columns("from_network_id:!text to_network_id:!text from_stop_id to_stop_id"),
        ("from_network_id", "to_network_id", "from_stop_id", "to_stop_id"),
        _leads(
            from_network_id="networks.network_id routes.network_id",
            to_network_id="networks.network_id routes.network_id",
            from_stop_id="stops.stop_id",
            to_stop_id="stops.stop_id",
        ),
    ),
    "fare_transfer_rules": Table(
        _columns(
            "from_leg_group_id to_leg_group_id transfer_count:whole duration_limit:whole "
            "duration_limit_type:0-3 fare_transfer_type:!0-2 fare_product_id"
        ),
        (
            *("from_leg_group_id", "to_leg_group_id", "fare_product_id", "transfer_count"),
            "duration_limit",
        ),
        _leads(
            from_leg_group_id="fare_leg_rules.leg_group_id",
            to_leg_group_id="fare_leg_rules.leg_group_id",
            fare_product_id="fare_products.fare_product_id",
        ),
    ),
    "areas": Table(_columns("area_id:!text area_name"), ("area_id",)),
    "stop_areas": Table(
        _columns("area_id:!text stop_id:!text"),
        ("area_id", "stop_id"),
        _leads(area_id="areas.area_id", stop_id="stops.stop_id"),
    ),
    "networks": Table(_columns("network_id:!text network_name"), ("network_id",)),
    "route_networks": Table(
        _columns("network_id:!text route_id:!text"),
        ("route_id",),
        _leads(network_id="networks.network_id", route_id="routes.route_id"),
    ),
    "shapes": Table(
        _columns(
            "shape_id:!text shape_pt_lat:!latitude shape_pt_lon:!longitude "
            "shape_pt_sequence:!whole shape_dist_traveled:number"
        ),
        ("shape_id", "shape_pt_sequence"),
    ),
    "frequencies": Table(
        _columns(
            "trip_id:!text start_time:!time end_time:!time headway_secs:!whole exact_times:0-1"
        ),
        ("trip_id", "start_time"),
        _leads(trip_id="trips.trip_id"),
    ),
    "transfers": Table(
        _columns(
            "from_stop_id to_stop_id from_route_id to_route_id from_trip_id to_trip_id "
            "transfer_type:0-5 min_transfer_time:whole"
        ),
        (
            *("from_stop_id", "to_stop_id", "from_trip_id", "to_trip_id", "from_route_id"),
            "to_route_id",
        ),
        _leads(
            from_stop_id="stops.stop_id",
            to_stop_id="stops.stop_id",
            from_route_id="routes.route_id",
            to_route_id="routes.route_id",
            from_trip_id="trips.trip_id",
            to_trip_id="trips.trip_id",
        ),
    ),
    "pathways": Table(
        _columns(
            "pathway_id:!text from_stop_id:!text to_stop_id:!text pathway_mode:!1-7 "
            "is_bidirectional:!0-1 length:number traversal_time:whole stair_count:whole "
            "max_slope:number min_width:number signposted_as reversed_signposted_as"
        ),
        ("pathway_id",),
        _leads(from_stop_id="stops.stop_id", to_stop_id="stops.stop_id"),
    ),
    "levels": Table(_columns("level_id:!text level_index:!number level_name"), ("level_id",)),
    "location_groups": Table(
        _columns("location_group_id:!text location_group_name"), ("location_group_id",)
    ),
    "location_group_stops": Table(
        _columns("location_group_id:!text stop_id:!text"),
        ("location_group_id", "stop_id"),
        _leads(location_group_id="location_groups.location_group_id", stop_id="stops.stop_id"),
    ),
    "booking_rules": Table(
        _columns(
            "booking_rule_id:!text booking_type:!0-2 prior_notice_duration_min:whole "
            "prior_notice_duration_max:whole prior_notice_last_day:whole "
            "prior_notice_last_time:time prior_notice_start_day:whole "
            "prior_notice_start_time:time prior_notice_service_id message pickup_message "
            "drop_off_message phone_number info_url booking_url"
        ),
        ("booking_rule_id",),
        _leads(prior_notice_service_id="calendar.service_id calendar_dates.service_id"),
    ),
    "translations": Table(
        _columns(
            "table_name:!text field_name:!text language:!text translation:!text record_id "
            "record_sub_id field_value"
        ),
        ("table_name", "field_name", "language", "record_id", "record_sub_id", "field_value"),
    ),
    "feed_info": Table(
        _columns(
            "feed_publisher_name:!text feed_publisher_url:!text feed_lang:!text default_lang "
            "feed_start_date:date feed_end_date:date feed_version feed_contact_email "
            "feed_contact_url"
        ),
    ),
    "attributions": Table(
        _columns(
            "attribution_id agency_id route_id trip_id organization_name:!text is_producer:0-1 "
            "is_operator:0-1 is_authority:0-1 attribution_url attribution_email attribution_phone"
        ),
        ("attribution_id",),
        _leads(agency_id="agency.agency_id", route_id="routes.route_id", trip_id="trips.trip_id"),
    ),
}
