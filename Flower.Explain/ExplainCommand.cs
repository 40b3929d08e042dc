// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Explain;

/// <summary><c>flower explain</c>: why a connect would or would not match.</summary>
public sealed class ExplainCommand : Command
{
    private const int Few = 20;

    private readonly Option<bool> _ingress = new("--ingress")
    {
        Description = "Explain what flower ingress would be answered, which relays if need be. Default: a client's connect.",
    };

    private readonly Option<string> _balance = new Option<string>("--balance")
    {
        HelpName = "weighted|round-robin|least",
        Description = "The connect has one of several targets that match equally well picked. Default: that is an error.",
    }.AcceptOneOf("weighted", "round-robin", "least");

    private readonly Option<bool> _related = new("--related-only")
    {
        Description = "The connect takes no target that has nothing in common with the labels, as one that waits or "
            + "balances never does. Default: it does where nothing else matches.",
    };

    private readonly Option<bool> _resolve = new("--resolve")
    {
        Description = "Ask resolvers what the labels stand for, if the connect would. Default: say which one it would ask.",
    };

    private readonly Option<bool> _all = new("--all")
    {
        Description = $"Print all targets. Default: the {Few} that come nearest to a match.",
    };

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one line of JSON for the verdict, and then one a target. The default when standard output is "
            + "not a terminal.",
    };

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public ExplainCommand()
        : base("explain", "Says what a connect with these labels would be answered, and how each target stands to it: which "
            + "labels\ncontradict, what is missing, what matches better. Nothing is connected. Needs the right LIST.\n"
            + "Exits with 0 if the connect would be offered to a target, with 1 if not, or if that depends on a resolver.\n"
            + "  flower explain program=web\n"
            + "  flower explain --ingress server_port=80 | jq -r 'select(.distance == 1)'")
    {
        Add(_ingress);
        Add(_balance);
        Add(_related);
        Add(_resolve);
        Add(_all);
        Add(_json);
        Add(_switchboard);
        Add(_labels);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        LabelSet labels = _labels.Read(command);
        var options = new ExplainOptions
        {
            Ingress = command.GetValue(_ingress),
            Relay = command.GetValue(_ingress),
            Balance = command.GetValue(_balance) switch
            {
                "weighted" => Balance.Weighted,
                "round-robin" => Balance.RoundRobin,
                "least" => Balance.Least,
                _ => Balance.None,
            },
            RelatedOnly = command.GetValue(_related),
            Resolve = command.GetValue(_resolve),
            MaxTargets = command.GetValue(_all) ? int.MaxValue : Few,
        };
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        Explanation explanation = await handle.ExplainAsync(labels, options, cancellationToken);
        if (command.GetValue(_json) || Console.IsOutputRedirected)
        {
            ExplanationLines.Print(explanation);
        }
        else
        {
            ExplanationText.Print(explanation);
        }

        return explanation.StatusCode == StatusCode.OK ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
