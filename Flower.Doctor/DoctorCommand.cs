// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.CommandLine;

namespace Flower.Doctor;

/// <summary><c>flower doctor</c>: whether Flower can work here, and what to do where it cannot.</summary>
public sealed class DoctorCommand : Command
{
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one line of JSON a check. The default when standard output is not a terminal.",
    };

    private readonly ColorOption _color = new();
    private readonly SwitchboardOption _switchboard = new();

    /// <summary>The command.</summary>
    public DoctorCommand()
        : base("doctor", "Checks whether there is a switchboard, what one may do there, and what this machine lacks; says what\n"
            + "to do about it. Each check is one line: ok, warning or problem. Nothing is changed, and nothing is waited\n"
            + "for longer than a few seconds. Exits with 1 if there is a problem.\n"
            + "  flower doctor\n"
            + "  flower doctor --json | jq -r 'select(.verdict != \"ok\").advice'")
    {
        Add(_json);
        Add(_color);
        Add(_switchboard);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        bool json = command.GetValue(_json) || Console.IsOutputRedirected;
        bool color = _color.Read(command);
        bool hasProblem = false;
        IAsyncEnumerable<Finding> findings = Examination.RunAsync(command.GetValue(_switchboard), cancellationToken);
        await foreach (Finding finding in findings.WithCancellation(cancellationToken))
        {
            Console.WriteLine(json ? Report.JsonLine(finding) : Report.Line(finding, color));
            hasProblem |= finding.Verdict == Verdict.Problem;
        }

        return hasProblem ? ExitCodes.Failed : ExitCodes.Ok;
    }
}
