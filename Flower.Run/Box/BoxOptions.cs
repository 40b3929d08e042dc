// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol.V1;
using Flower.Run.Agent;

namespace Flower.Run.Box;

/// <summary>The options that say whether there is a box, and what it is like.</summary>
internal sealed class BoxOptions
{
    /// <summary>The option for a box whose network is the board.</summary>
    public const string WithAgent = "--box";

    /// <summary>The option for a box without a network.</summary>
    public const string WithoutNetwork = "--no-network";

    /// <summary>Says to ourselves, started once more, that we are in the box's network.</summary>
    public const string InNetwork = "--in-network";

    private readonly Option<bool> _box = new(WithAgent)
    {
        Description = "Make the board COMMAND's only network: each TCP connection that it makes becomes a request with "
            + "the labels address_family, server_address or server_hostname, and server_port; names are resolved "
            + "outside. Otherwise as --no-network",
    };

    private readonly Option<string[]> _publish = new("--publish")
    {
        HelpName = "PORT=LABELS",
        Description = "With --box: put the server that listens on this port in the box on the board; repeatable. "
            + "Default: none",
    };

    private readonly Option<bool> _sendProxy = new("--send-proxy")
    {
        Description = "With --publish: begin each connection with a PROXY header of version 2, which has the client's "
            + "addresses and all labels. Default: no",
    };

    private readonly Option<bool> _handle = new("--handle")
    {
        Description = "With --box: let COMMAND inherit its handle as well, as it does without. A TCP socket that it is "
            + "handed over it can be connected elsewhere, outside. Default: COMMAND has no handle itself",
    };

    private readonly Option<bool> _noNetwork = new(WithoutNetwork)
    {
        Description = "Leave COMMAND no other way out than its handle: bubblewrap gives it namespaces without a "
            + "network, in which /run, /tmp, /var/tmp, /dev/shm, $XDG_RUNTIME_DIR and other programs' sockets are hidden. "
            + "Default: only what goes through the handle is limited, and COMMAND can open any other socket",
    };

    private readonly Option<string[]> _bind = new("--bind")
    {
        HelpName = "PATH",
        Description = "In a box: show this file or directory, with the sockets in it, although it is in a place that is "
            + "hidden; repeatable. Default: none",
    };

    private readonly Option<string[]> _roBind = new("--ro-bind")
    {
        HelpName = "PATH",
        Description = "In a box: the same, and read-only, wherever it is; repeatable. Default: none",
    };

    private readonly Option<string[]> _more = new("--bwrap")
    {
        HelpName = "OPTIONS",
        Description = "In a box: more for bubblewrap about files, the environment and names, such as "
            + "--bwrap '--tmpfs /home --remount-ro /'; repeatable. Default: none",
    };

    private readonly Option<int> _inNetwork = new(InNetwork) { Hidden = true, DefaultValueFactory = _ => -1 };

    private readonly BalanceOptions _balance;

    /// <summary>The options, on a command.</summary>
    public BoxOptions(Command command)
    {
        Array.ForEach<Option>([_box, _publish, _sendProxy, _handle], command.Add);
        _balance = new(command);
        Array.ForEach<Option>([_noNetwork, _bind, _roBind, _more, _inNetwork], command.Add);
    }

    /// <summary>Reads what was asked for.</summary>
    /// <exception cref="ToolException">Something does not go together, or is wrong in itself.</exception>
    public BoxChoice Read(ParseResult command)
    {
        bool isBox = command.GetValue(_box);
        bool isClosed = command.GetValue(_noNetwork);
        if (isBox && isClosed)
        {
            throw new ToolException(ExitCodes.Usage, $"{WithAgent} and {WithoutNetwork} are two boxes: give one of them");
        }

        Require(isBox, WithAgent, command, _publish, _handle);
        Require(isBox || isClosed, $"{WithAgent} or {WithoutNetwork}", command, _bind, _roBind, _more);
        Require(command.GetResult(_publish) is { Implicit: false }, "--publish", command, _sendProxy);
        PublishedPort[] published = [.. (command.GetValue(_publish) ?? []).Select(PublishedPort.Parse)];
        if (published.GroupBy(port => port.Port).FirstOrDefault(port => port.Count() > 1) is { } twice)
        {
            throw new ToolException(ExitCodes.Usage, $"--publish {twice.Key} is given twice");
        }

        ConnectOptions connecting = _balance.AddTo(new(), command);
        if (!isBox && connecting.Balance != Balance.None)
        {
            throw new ToolException(ExitCodes.Usage, $"--balance needs {WithAgent}");
        }

        return new(
            isBox ? WithAgent : isClosed ? WithoutNetwork : null,
            [.. BindsOf(command, _bind, isReadOnly: false), .. BindsOf(command, _roBind, isReadOnly: true)],
            [.. (command.GetValue(_more) ?? []).SelectMany(BubblewrapOptions.Parse)],
            connecting,
            published,
            command.GetValue(_sendProxy),
            command.GetValue(_handle),
            command.GetValue(_inNetwork));
    }

    private static IEnumerable<Bind> BindsOf(ParseResult command, Option<string[]> option, bool isReadOnly) =>
        (command.GetValue(option) ?? []).Select(path => new Bind(path, isReadOnly));

    private static void Require(bool isThere, string what, ParseResult command, params Option[] options)
    {
        if (!isThere && options.FirstOrDefault(option => command.GetResult(option) is { Implicit: false }) is { } given)
        {
            throw new ToolException(ExitCodes.Usage, $"{given.Name} needs {what}");
        }
    }
}
