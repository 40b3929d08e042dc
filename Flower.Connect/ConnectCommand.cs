// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Connect;

/// <summary>
/// <c>flower connect</c>: makes another program of this process that has a connection, or hands the connection on.
/// </summary>
public sealed class ConnectCommand : Command
{
    private readonly Option<int?> _fd = new("--fd")
    {
        HelpName = "N",
        Description = "COMMAND gets the connection as descriptor N, and keeps our standard input and output. Default: "
            + "the connection is its standard input and output.",
    };

    private readonly Option<bool> _fdpass = new("--fdpass")
    {
        Description = "No COMMAND: send the connected socket over standard output, a Unix socket, with one zero byte, "
            + "and exit. For: ssh -o ProxyUseFdpass=yes -o ProxyCommand='flower connect --fdpass service=ssh' HOST",
    };

    private readonly DurationOption _timeout = new("--timeout", TimeSpan.Zero)
    {
        Aliases = { "-w" },
        Description = "How long connecting may take. Default: without end; the switchboard asks a server for 5s.",
    };

    private readonly DurationOption _wait = new("--wait", TimeSpan.Zero)
    {
        Description = "Wait for so long for a matching server, one that has a label in common. "
            + "Default: 0, fail at once when nothing matches.",
    };

    private readonly Option<bool> _revocable = new("--revocable")
    {
        Description = "The connection can be shut down: flower revoke --connection ID, as long as COMMAND runs. The server sees "
            + "no end of it before COMMAND shuts it down or ends. Default: it cannot, once it is made.",
    };

    private readonly BalanceOptions _balance;
    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public ConnectCommand()
        : base("connect", "Connects on the board, and becomes COMMAND, with the connection as its standard input and "
            + "output:\n"
            + "  flower connect service=backup -- tar -c /home\n"
            + "  flower connect --fd 3 service=time -- sh -c 'cat <&3'\n"
            + "COMMAND finds the labels in FLOWER_LABEL_* and, as JSON, in FLOWER_LABELS and FLOWER_SOURCES.")
    {
        _fd.AcceptFromTo(0, int.MaxValue);
        Add(_fd);
        Add(_fdpass);
        Add(_timeout);
        Add(_wait);
        Add(_revocable);
        _balance = new(this);
        Add(_switchboard);
        Add(_labels);
        Add(new ProgramArgument());
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        LabelSet labels = _labels.ReadBefore(command);
        string[] words = ProgramArgument.Read(command);
        if (command.GetValue(_fdpass))
        {
            CheckFdPass(words, command.GetValue(_fd));
            using Connection connection = await ConnectAsync(command, labels, cancellationToken);
            Pass(connection);
            return ExitCodes.Ok;
        }

        if (words.Length == 0)
        {
            throw new ToolException(ExitCodes.Usage, "give the command to run: flower connect LABELS -- COMMAND");
        }

        var program = new ConnectionProgram(words);
        program.Check();
        Connection made = await ConnectAsync(command, labels, cancellationToken);
        Descriptor socket = made.TakeDescriptor();

        // A signal that came meanwhile was meant to end us, and would be lost.
        cancellationToken.ThrowIfCancellationRequested();
        Become(program, made.Labels, socket, command.GetValue(_fd));
        return ExitCodes.Ok;
    }

    // The session ends here: the connection lives on by itself.
    private async Task<Connection> ConnectAsync(
        ParseResult command, LabelSet labels, CancellationToken cancellationToken)
    {
        TimeSpan? timeout = command.GetValue(_timeout);
        TimeSpan? wait = command.GetValue(_wait) is { } given && given > TimeSpan.Zero ? given : null;
        var options = new ConnectOptions
        {
            Wait = wait is not null,
            Revocable = command.GetValue(_revocable),
            Timeout = wait is null || timeout < wait ? timeout : wait,
        };
        options = _balance.AddTo(options, command);
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        return await handle.ConnectOrHintAsync(
            labels, options, advice => Tool.Say("flower connect", advice), cancellationToken);
    }

    private static void Become(ConnectionProgram program, ConnectionLabels labels, Descriptor socket, int? number)
    {
        PassedDescriptor[] descriptors = number is { } n ? [new(socket, n)] : [new(socket, 0), new(socket, 1)];
        try
        {
            Exec.Replace(program.On(labels, descriptors));
        }
        catch (FlowerSocketException e)
        {
            throw program.Explain(e);
        }
    }

    private static void CheckFdPass(string[] words, int? number)
    {
        if (words.Length > 0 || number is not null)
        {
            throw new ToolException(ExitCodes.Usage, "--fdpass hands the connection on: give no command and no --fd");
        }

        if (!UnixSocket.IsUnixSocket(Descriptor.Borrow(1)))
        {
            throw new ToolException(
                ExitCodes.Usage, "standard output is no Unix socket: --fdpass is for ssh -o ProxyUseFdpass=yes");
        }
    }

    private static void Pass(Connection connection)
    {
        using Descriptor socket = connection.TakeDescriptor();
        try
        {
            UnixSocket.SendDescriptor(Descriptor.Borrow(1), socket);
        }
        catch (FlowerSocketException e)
        {
            throw new ToolException(ExitCodes.Failed, $"nobody takes the connection on standard output: {e.Name}", e);
        }
    }
}
