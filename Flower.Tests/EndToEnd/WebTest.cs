// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tests.EndToEnd;

/// <summary>A test with a switchboard and, when it asks for it, a <c>flower web</c> beside it.</summary>
public abstract class WebTest : EndToEndTest
{
    private protected static async Task<WebProcess> StartWebAsync(SwitchboardFixture board, params string[] more)
    {
        FlowerProcess process = await board.FlowerReadyAsync(["web", .. more]);
        return new(process, new(await process.Out.AwaitLineAsync("http://")));
    }

    private protected Task<WebProcess> StartWebAsync(params string[] more) => StartWebAsync(Board, more);

    /// <summary>A client that is connected to a server.</summary>
    private protected async Task<(FlowerProcess Server, FlowerProcess Client)> ConnectAsync(string server, params string[] client)
    {
        FlowerProcess listening = await Board.FlowerReadyAsync(["cat", "-l", "-k", .. server.Split(' ')]);
        FlowerProcess connected = Board.Flower(["cat", .. client]);
        await connected.WriteLineAsync("hello");
        await listening.Out.AwaitLineAsync("hello");
        return (listening, connected);
    }
}
