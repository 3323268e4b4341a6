"""Lists of people to reach: made with a control held back, exported or sent as a task, judged by what they bought."""
