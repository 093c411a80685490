"""The visits of patients: kept in a database, exported, deleted, and shown as a report. All of it without ROS."""
