"""Many runs: settings and seeds varied, trained side by side, and compared."""
