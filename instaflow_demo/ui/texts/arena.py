"""The words of the arena in English."""

PAGE = {
    "tab_arena": "Arena",
    "arena_prompt_hint": "Leave it empty for one of our examples, another one each time",
    "arena_start": "Draw a pair",
    "arena_hide": "Hide the seconds until you vote",
    "arena_hide_info": "from the next pair on; votes by people who saw the seconds are rated apart",
    "arena_drawing": "Drawing two pictures, which appear together: {seconds} s so far.",
    "arena_stopped": "Stopped.",
    "arena_vote_now": "Which is better? Vote with the buttons or the arrow keys.",
    "arena_question": "Which is the better picture of “{prompt}”?",
    "arena_pair": "Two pictures of “{prompt}”",
    "arena_alt_left": "Left picture of “{prompt}”",
    "arena_alt_right": "Right picture of “{prompt}”",
    "arena_vote_left": "← Left is better",
    "arena_vote_right": "Right is better →",
    "arena_vote_tie": "↑ Equally good",
    "arena_vote_bad": "↓ Both bad",
    "arena_onwards": "Next pair",
    "arena_answer": "Left: {left_title}, {left_s}. Right: {right_title}, {right_s}.",
    "arena_made": "“{prompt}”, seed {seed}. {faster}",
    "arena_faster": "{title} was {n}× faster.",
    "arena_no_pair": "There is no pair to vote on: press “Draw a pair”. Each pair takes one vote.",
    "arena_not_kept": "Your vote could not be kept.",
    "arena_no_ratings": "There are no ratings.",
    "arena_none": "Nobody has voted yet. Draw a pair and be the first.",
    "arena_ratings": "Ratings by the pictures alone · votes: {n}",
    "arena_ratings_timed": "Ratings by pictures and seconds · votes: {n}",
    "arena_whose": "These are the votes of everyone who uses this page on this machine.",
    "arena_whose_alone": "These are the votes given on this machine.",
    "arena_ratings_note": "Every system begins at 25. One that is 5.9 higher wins about three of four decided votes; "
    "below each rating is its 95 % interval.",
    "arena_rating": "rating",
    "arena_votes": "votes",
    "arena_games": "won · lost · equal · both bad",
    "arena_plot": "The ratings with their 95 % intervals; the table has the numbers",
    "arena_csv": "Download all votes (CSV)",
    "arena_lead_title": "How the arena works",
    "arena_lead": (
        "<p>Two systems draw the same prompt from the same seed, with their default settings. Which one is left is "
        "chance, both pictures appear at once, and nothing on the page says whose they are before you have voted.</p>"
        "<p>The pair is the one whose vote is expected to narrow all ratings most, or one that comes within a tenth of "
        "that: systems that have met rarely, and those that are about as good.</p>"
        "<p>Ratings are a Bradley–Terry model (<a href='https://openskill.me'>openskill</a>). “Equally good” and “both "
        "bad” count as draws. A vote is kept with its day, the two systems, their steps and seconds, the seed, and "
        "which of our examples it was on. A prompt that you typed is not kept, nor is anything about you.</p>"
    ),
}
