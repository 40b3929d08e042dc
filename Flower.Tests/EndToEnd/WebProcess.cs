// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Http.Headers;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower web</c>, and the URL that it has printed. Borrows the process.</summary>
internal sealed class WebProcess(FlowerProcess process, Uri url) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    {
        BaseAddress = new(url.GetLeftPart(UriPartial.Authority)),
        Timeout = Patience.Limit,
    };

    public FlowerProcess Process => process;

    public Uri Url => url;

    public string Token => url.Fragment["#token=".Length..];

    /// <summary>Asks; the change is made to the request before it is sent.</summary>
    public async Task<HttpResponseMessage> AskAsync(
        string path, Action<HttpRequestMessage>? change = null, HttpMethod? method = null, string? token = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        if (token is not null)
        {
            request.Headers.Authorization = new("Bearer", token);
        }

        change?.Invoke(request);
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public async Task<(int Status, string Text)> ExplainAsync(string json)
    {
        using HttpResponseMessage answer = await AskAsync(
            "explain", request => request.Content = new StringContent(json, MediaTypeHeaderValue.Parse("application/json")),
            HttpMethod.Post, Token);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<WebStream> FollowAsync() => await WebStream.OpenAsync(await AskAsync("events", token: Token));

    public void Dispose() => _http.Dispose();
}
