"""What could harm the app, its visitors or its owner, and the tests that check the defence against each."""

import ast
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from served import ROOT

from .record import Clock, Row

TESTS = ROOT / "tests"
THREATS: Mapping[str, tuple[str, ...]] = {
    "code in a checkpoint": (
        "test_weights::test_a_pickle_is_not_run_even_where_no_manifest_stops_it",
        "test_layers::test_nothing_dangerous_is_called",
        "test_community::test_files_that_can_hold_code_are_not_opened",
    ),
    "damaged weights": (
        "test_damaged::test_a_damaged_checkpoint_is_a_sentence_or_the_right_image",
        "test_weights::test_a_damaged_file_makes_its_model_unavailable_and_no_other",
        "test_hub::test_damaged_files_are_noticed_and_removed",
    ),
    "paths that lead elsewhere": (
        "test_app::test_files_are_not_served",
        "test_app::test_kept_images_are_not_served",
        "test_scorecard::test_no_name_that_a_visitor_chooses_becomes_a_path",
    ),
    "prompts of any shape": (
        "test_request::test_any_input_is_valid_or_explained",
        "test_request::test_prompts_are_made_printable",
        "test_app::test_junk_is_refused_with_a_sentence",
    ),
    "images too large or too many": (
        "test_request::test_junk_is_refused_by_its_field",
        "test_memory::test_a_model_that_cannot_fit_is_refused_before_it_is_loaded",
    ),
    "a device out of memory": (
        "test_passes::test_a_batch_that_does_not_fit_is_halved_and_no_image_is_another",
        "test_passes::test_one_image_that_does_not_fit_is_a_sentence",
        "test_device::test_running_out_of_memory_is_recognised",
    ),
    "visitors at once": (
        "test_service::test_visitors_at_once_wait_for_each_other_and_get_their_own",
        "test_turns::test_one_at_a_time_has_its_turn",
        "test_admission::test_who_comes_beyond_the_cap_is_refused_and_what_nobody_listens_to_goes",
    ),
    "visitors who leave": (
        "test_service::test_closing_ends_the_work_and_lets_the_next_visitor_in",
        "test_browser::test_a_closed_tab_frees_the_device",
        "test_scorecard::test_who_hangs_up_leaves_the_device_to_others",
    ),
    "a flooded queue": (
        "test_admission::test_who_comes_beyond_the_cap_is_refused_and_what_nobody_listens_to_goes",
        "test_admission::test_a_visitor_has_few_runs_waiting_and_keeps_nobody_else_out",
    ),
    "a run without end": (
        "test_runner::test_work_ends_when_its_time_is_up_and_its_visitor_is_told",
        "test_engine::test_closing_stops_the_work",
    ),
    "memory that leaks": (
        "test_scorecard::test_one_process_holds_as_much_after_many_images",
        "test_album::test_what_is_remembered_is_bounded",
    ),
    "a full disk": (
        "test_gallery::test_a_full_disk_is_a_sentence_and_leaves_nothing_behind",
        "test_app::test_images_are_shown_and_kept_where_temporary_files_find_no_room",
    ),
    "two writers": (
        "test_gallery::test_two_processes_never_take_the_same_name",
        "test_gallery::test_a_process_killed_in_the_middle_of_a_file_leaves_no_image",
        "test_arena::test_processes_and_threads_vote_at_once",
    ),
    "a folder that grows without end": (
        "test_gallery::test_the_oldest_images_are_removed_and_nothing_else",
        "test_album::test_a_visitor_s_oldest_images_make_way_and_all_go_in_the_end",
        "test_temporary::test_the_next_start_removes_what_a_killed_process_left_and_nothing_else",
    ),
    "scripts in texts": (
        "test_browser::test_hostile_prompts_stay_text_everywhere",
        "test_columns::test_no_text_becomes_markup",
        "test_album::test_hostile_settings_are_shown_as_text",
        "test_permalink::test_a_link_in_a_page_is_text",
    ),
    "forged calls": (
        "test_app::test_forged_calls_are_refused",
        "test_admission::test_no_function_answers_a_forged_call_with_nothing",
        "test_scorecard::test_bad_inputs_get_sentences",
    ),
    "requests in the server's name": (
        "test_app::test_direct_routes_are_closed",
        "test_admission::test_addresses_that_the_page_never_reads_are_closed",
    ),
    "a missing network": (
        "test_hub::test_without_a_network_the_cache_is_named_as_the_reason",
        "test_text2im::test_download_without_a_network_is_a_sentence",
    ),
    "a public link": (
        "test_app::test_without_a_tunnel_the_page_stays_up_and_says_so",
        "test_app::test_share_contradicts_offline",
        "test_safety::test_others_can_come_from_the_network_a_link_or_a_space",
    ),
    "secrets in logs": (
        "test_secrets::test_the_app_s_log_holds_no_prompt_and_no_token",
        "test_secrets::test_the_command_line_s_errors_hold_no_prompt_and_no_token",
    ),
    "images that nobody should see": (
        "test_safety::test_what_is_refused_is_neither_shown_nor_saved",
        "test_safety::test_a_checker_that_fails_blocks",
        "test_safety::test_previews_that_nobody_checked_are_held_back",
    ),
    "images of unknown origin": (
        "test_gallery::test_metadata_comes_back_as_it_was",
        "test_restore::test_an_image_that_is_restored_is_drawn_again_to_the_bit",
    ),
    "times that lie": (
        "test_passes::test_times_are_exactly_what_a_device_took",
        "test_measure::test_the_rate_at_the_last_step_is_the_final_one",
        "test_columns::test_cold_passes_are_marked",
    ),
}
"""Each of the 23 threats of the scorecard, with tests by file and function."""


def missing(threat: str) -> list[str]:
    """Those of a threat's tests that pytest would not find, read from the files' syntax."""
    return [name for name in THREATS[threat] if not _is_there(*name.split("::"))]


def _is_there(file: str, function: str) -> bool:
    path = TESTS / f"{file}.py"
    return path.exists() and any(
        isinstance(node, ast.FunctionDef) and node.name == function
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )


def threats(clock: Clock) -> Row:
    """How many threats have a test that pytest collects."""
    names = sorted({name for tests in THREATS.values() for name in tests})
    found = _collected({name.split("::")[0] for name in names}, clock)
    checked = sum(all(name in found for name in tests) for tests in THREATS.values())
    return Row.judged(
        "threats with a test",
        "every one",
        checked,
        len(THREATS),
        f"{checked} threats, {len(names)} tests of them",
    )


def _collected(files: set[str], clock: Clock) -> set[str]:
    paths = [str(Path("tests", f"{name}.py")) for name in sorted(files)]
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "--collect-only", *paths]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=max(1.0, clock.left), check=False
        )
    except subprocess.TimeoutExpired:
        return set()
    lines = (line.partition("[")[0].removeprefix("tests/") for line in done.stdout.splitlines() if "::" in line)
    return {line.replace(".py::", "::") for line in lines}
